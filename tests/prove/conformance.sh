# The MCP project's own conformance suite, both requirement sets, against the real server with the fixtures mounted:
# bare over HTTP, and as the service, with gate, token and counter before it.
set -euo pipefail
cd "$REPO"
exec python -m tests.prove.conformance "$PROVE/node_modules/.bin/conformance" "$HOME/results"
