# What the operating system was asked, in which order, while the real server refunds; and what it does on a bad disk.
set -euo pipefail
cd "$REPO"
exec .venv/bin/python -m tests.prove.system_calls "$HOME"
