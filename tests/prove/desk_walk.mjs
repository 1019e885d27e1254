// One walk over the whole desk for every TypeScript client: each read, an error, and a refund with a form.
// The client checks every structured answer against the tool's output schema (ajv, with formats) and throws if it differs.
import assert from "node:assert/strict";

/** The answer to a form that a shopkeeper who agrees would give; the text is kept to be looked at. */
export function agreeingPerson() {
  const asked = [];
  const answer = (params) => {
    asked.push(params.message);
    const content = {};
    for (const name of params.requestedSchema.required ?? []) {
      assert.equal(params.requestedSchema.properties[name].type, "boolean", `what is asked as ${name}?`);
      content[name] = true;
    }
    return { action: "accept", content };
  };
  return { asked, answer };
}

/**
 * @param client  a connected client with listTools() and callTool({name, arguments}).
 * @param asked   the texts of the forms that the client was asked to show.
 */
export async function walk(client, asked) {
  const { tools } = await client.listTools();
  const called = new Set();

  const call = async (name, args) => {
    called.add(name);
    return client.callTool({ name, arguments: args });
  };
  const read = async (name, args = {}) => {
    const result = await call(name, args);
    const text = result.content.map((part) => part.text).join("\n");
    assert.ok(!result.isError, `${name}: ${text}`);
    assert.ok(text.length > 0, `${name} says nothing as text`);
    assert.ok(result.structuredContent, `${name} has no structured content`);
    return result.structuredContent;
  };

  const { orders } = await read("list_orders", { limit: 100 });
  assert.ok(orders.length >= 40, `${orders.length} orders`);
  const opened = [];
  for (const row of orders) opened.push((await read("get_order", { order_id: row.id })).order);
  const withItem = (kind) => opened.find((order) => order.payment_status === "paid" && order.items.some((item) => item.kind === kind));

  const shipped = opened.find((order) => order.shipments.some((shipment) => shipment.tracking_number));
  assert.ok((await read("track_order", { order_id: shipped.id })).shipments[0].tracking_number);
  const printed = opened.find((order) => order.items.some((item) => item.variant_name));
  assert.ok((await read("lookup_variants", { order_id: printed.id })).items.some((item) => item.variant_name));
  const digital = withItem("digital");
  const item = digital.items.find((each) => each.kind === "digital");
  assert.ok(URL.canParse((await read("regenerate_download", { order_id: digital.id, item_id: item.id })).download_url));
  await read("list_webhooks");
  await read("list_events");

  // What does not exist is an answer of the tool, without structured content; the client must not throw.
  const missing = await call("get_order", { order_id: "ord_nobody" });
  assert.equal(missing.isError, true);
  assert.equal(missing.structuredContent, undefined);
  assert.equal(missing._meta["clawver-orders/error"].code, "not_found");
  assert.match(missing.content[0].text, /^not_found: /);

  // A refund: prepared, put before a person, paid once; the same call again pays nothing more.
  const { refund: prepared } = await read("prepare_refund", { order_id: digital.id, amount: "1.00 USD", reason: "A stain" });
  assert.equal(prepared.state, "prepared");
  assert.equal(asked.length, 0, "a person was asked too early");
  const { refund: paid } = await read("execute_refund", { refund_id: prepared.refund_id });
  assert.equal(asked.length, 1, "a person was not asked once");
  assert.match(asked[0], /1\.00 USD/);
  assert.equal(paid.state, "succeeded");
  assert.equal(paid.money_moved, "yes");
  const { refund: again } = await read("execute_refund", { refund_id: prepared.refund_id });
  assert.equal(again.processor_id, paid.processor_id);
  const { refunds } = await read("check_refund", { order_id: digital.id });
  assert.equal(refunds.length, 1);
  const { order: after } = await read("get_order", { order_id: digital.id });
  assert.equal(after.totals.refunded, "1.00 USD");
  assert.equal(asked.length, 1, "a person was asked again");

  const unread = tools.filter((tool) => tool.annotations.readOnlyHint && !called.has(tool.name)).map((tool) => tool.name);
  assert.deepEqual(unread, [], "read tools that this walk does not call");
  return { tools: tools.length, called: called.size };
}
