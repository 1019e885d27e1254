# Cancel, disconnect, the end of stdin, SIGTERM, SIGINT and a killing host, each at ten moments of a refund's send.
set -euo pipefail
home=$HOME
cd "$REPO"
exec .venv/bin/python -m tests.prove.leaving "$home"
