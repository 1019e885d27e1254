"""The platforms: a folder each, with the vendor's endpoints and words; none imports another."""
