// @modelcontextprotocol/client 2.x in both protocol eras.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { agreeingPerson, walk } from "./desk_walk.mjs";

for (const [mode, era] of [["legacy", "2025-11-25"], [{ pin: "2026-07-28" }, "2026-07-28"]]) {
  const person = agreeingPerson();
  const client = new Client(
    { name: "prove-v2", version: "1" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  );
  client.setRequestHandler("elicitation/create", async (request) => person.answer(request.params));
  await client.connect(new StdioClientTransport({ command: "clawver-orders", args: ["serve", "--sandbox"] }));
  assert.equal(client.getNegotiatedProtocolVersion(), era);
  console.log("v2", era, await walk(client, person.asked));
  await client.close();
}
