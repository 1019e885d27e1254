# What the operating system was asked, in which order, while the real server refunds; and what it does on a bad disk.
set -euo pipefail
if ! command -v strace >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends strace; } >apt.log 2>&1
fi
cd "$REPO"
exec .venv/bin/python -m tests.prove.system_calls "$HOME"
