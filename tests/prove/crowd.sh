# Ten thousand connections before the service, and before the receiver, while a good program goes on being answered.
set -euo pipefail
cd "$REPO"
exec .venv/bin/python -m tests.service.crowd --connections 10000
