# The MCP Inspector's command line, in both protocol eras: the tools are listed, their schemas are portable, one answers.
set -euo pipefail
server=(clawver-orders serve --sandbox)

for era in legacy modern; do
  mcp-inspector --cli --protocol-era "$era" --strict --format json --method tools/list -- "${server[@]}" >listed.json
  # Not only no errors (exit 6) but no warnings either.
  node -e '
    const { result, schemaFindings } = JSON.parse(require("fs").readFileSync("listed.json"));
    if (schemaFindings) throw new Error(JSON.stringify(schemaFindings, null, 2));
    const names = result.tools.map((tool) => tool.name);
    for (const name of ["list_orders", "execute_refund"]) if (!names.includes(name)) throw new Error(`no ${name}`);
    console.log(process.argv[1], names.length, "tools");
  ' "$era"

  mcp-inspector --cli --protocol-era "$era" --format json --method tools/call --tool-name list_orders \
    --tool-args-json '{"limit": 3}' -- "${server[@]}" >called.json
  node -e '
    const { result } = JSON.parse(require("fs").readFileSync("called.json"));
    if (result.structuredContent.orders.length !== 3) throw new Error(JSON.stringify(result));
  '

  # An error of ours is exit 5 of theirs: the tool said no; nothing broke.
  status=0
  mcp-inspector --cli --protocol-era "$era" --format json --method tools/call --tool-name get_order \
    --tool-args-json '{"order_id": "ord_nobody"}' -- "${server[@]}" || status=$?
  [ "$status" = 5 ]
done
