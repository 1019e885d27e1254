// @modelcontextprotocol/sdk 1.x, which most hosts are built on: protocol 2025-11-25.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { agreeingPerson, walk } from "./desk_walk.mjs";

const person = agreeingPerson();
const client = new Client({ name: "prove-v1", version: "1" }, { capabilities: { elicitation: { form: {} } } });
client.setRequestHandler(ElicitRequestSchema, async (request) => person.answer(request.params));
await client.connect(new StdioClientTransport({ command: "clawver-orders", args: ["serve", "--sandbox"] }));
assert.equal(client.getServerVersion().name, "clawver-orders");
console.log("v1", await walk(client, person.asked));
await client.close();
