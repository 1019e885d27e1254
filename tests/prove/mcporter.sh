# mcporter starts the server and writes every tool down as a TypeScript function.
set -euo pipefail
mcporter list --stdio "clawver-orders serve --sandbox" --name orders --exit-code --all-parameters | tee listed.txt
grep -q 'function list_orders(' listed.txt
grep -q 'function execute_refund(refund_id: string)' listed.txt
