# 600 desks killed with SIGKILL, at every named point, before a shop with every fault: none pays twice, none forgets.
set -euo pipefail
cd "$REPO"
exec .venv/bin/python -m tests.crash --runs 600 --seed 1
