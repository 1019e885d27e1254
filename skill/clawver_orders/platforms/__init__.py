"""The platforms: each reads and writes one vendor's API and knows nothing of the others."""
