# The validator of the Agent Skills specification. It wants a folder of the skill's own name, which a clone need not have.
set -euo pipefail
mkdir clawver-orders
cp "$REPO/SKILL.md" clawver-orders/
cp -r "$REPO/references" clawver-orders/
exec agentskills validate clawver-orders
