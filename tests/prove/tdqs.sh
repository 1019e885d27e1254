# tdqs: are the tools described well enough to be chosen and filled in rightly? Deterministic rules, no model.
set -euo pipefail
exec tdqs lint --command "clawver-orders serve --sandbox" --fail-on warning
