// @modelcontextprotocol/client 2.x in both protocol eras.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { agreeingPerson, openShop, walk } from "./desk_walk.mjs";

for (const [mode, version] of [["legacy", "2025-11-25"], [{ pin: "2026-07-28" }, "2026-07-28"]]) {
  const shop = await openShop();
  const person = agreeingPerson();
  const client = new Client(
    { name: "prove-v2", version: "1" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  );
  client.setRequestHandler("elicitation/create", async (request) => person.answer(request.params));
  const env = { ...getDefaultEnvironment(), CLAW_API_URL: shop.url };
  await client.connect(new StdioClientTransport({ command: "clawver-orders", args: ["serve", "--sandbox"], env }));
  assert.equal(client.getNegotiatedProtocolVersion(), version);
  console.log(version);
  await walk(client, person.asked, shop);
  await client.close();
  shop.close();
}
