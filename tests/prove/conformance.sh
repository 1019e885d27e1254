# The MCP project's own conformance suite, both requirement sets, against the real server with the fixtures mounted.
set -euo pipefail
cd "$REPO"
exec python -m tests.prove.conformance "$PROVE/node_modules/.bin/conformance" "$HOME/results"
