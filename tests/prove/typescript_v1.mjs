// @modelcontextprotocol/sdk 1.x, which most hosts are built on: protocol 2025-11-25.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { agreeingPerson, openShop, walk } from "./desk_walk.mjs";

const shop = await openShop();
const person = agreeingPerson();
const client = new Client({ name: "prove-v1", version: "1" }, { capabilities: { elicitation: { form: {} } } });
client.setRequestHandler(ElicitRequestSchema, async (request) => person.answer(request.params));
const env = { ...getDefaultEnvironment(), CLAW_API_URL: shop.url };
await client.connect(new StdioClientTransport({ command: "clawver-orders", args: ["serve", "--sandbox"], env }));
assert.equal(client.getServerVersion().name, "clawver-orders");
await walk(client, person.asked, shop);
await client.close();
shop.close();
