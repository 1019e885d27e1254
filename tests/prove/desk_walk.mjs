// One walk over the whole desk for every TypeScript client: each read, an error, and a refund with a form.
// The client checks every structured answer against the tool's output schema (ajv, with formats) and throws if it differs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";

/** A sandbox shop in a process of its own: its address, what is worth trying in it, and what reached it. */
export async function openShop() {
  const child = spawn("clawver-orders", ["sandbox", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  const url = await new Promise((found, failed) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const address = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (address) found(address[0]);
    });
    child.on("exit", (code) => failed(new Error(`the sandbox ended with ${code}: ${said}`)));
  });
  const ask = async (path) => (await fetch(url + path)).json();
  return {
    url,
    hints: (await ask("/_sandbox")).try,
    refundsSent: async () => {
      const { requests } = await ask("/_sandbox/requests");
      return requests.filter(({ method, path }) => method === "POST" && path.endsWith("/refund")).length;
    },
    close: () => child.kill(),
  };
}

/** A shopkeeper who agrees to every form, and what they were asked. */
export function agreeingPerson() {
  const asked = [];
  const answer = ({ message, requestedSchema }) => {
    asked.push(message);
    assert.deepEqual(requestedSchema.required, ["approve"]);
    assert.equal(requestedSchema.properties.approve.type, "boolean");
    return { action: "accept", content: { approve: true } };
  };
  return { asked, answer };
}

/**
 * @param client  a connected client with listTools() and callTool({name, arguments}).
 * @param asked   the texts of the forms that the client was asked to show.
 * @param shop    from openShop().
 */
export async function walk(client, asked, shop) {
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
    assert.equal(result.structuredContent?.sandbox, true, `${name} does not say in its data that this is the sandbox`);
    return result.structuredContent;
  };

  const { orders } = await read("list_orders", { limit: 100 });
  assert.ok(orders.length >= 40, `${orders.length} orders`);
  for (const { id } of orders) {
    const { order } = await read("get_order", { order_id: id });
    assert.equal(order.id, id);
    await read("track_order", { order_id: id });
    await read("lookup_variants", { order_id: id });
  }
  const { shipments } = await read("track_order", { order_id: shop.hints.shipped_order });
  assert.ok(shipments[0].tracking_number);
  const { items } = await read("lookup_variants", { order_id: shop.hints.wrong_size_order });
  assert.ok(items[0].variant_name);
  const bought = { order_id: shop.hints.digital_order, item_id: shop.hints.digital_item };
  assert.ok(URL.canParse((await read("regenerate_download", bought)).download_url));
  const { receipt } = await read("get_receipt", { checkout_id: shop.hints.checkout_id, show_tokens: true });
  const [{ order_id, status_token }] = receipt.orders;
  assert.equal((await read("get_public_order", { order_id, token: status_token })).order.id, order_id);
  assert.deepEqual((await read("list_webhooks")).webhooks, []);
  assert.deepEqual((await read("list_events")).events, []);

  // What does not exist is an answer of the tool, without structured content; the client must not throw.
  const missing = await call("get_order", { order_id: "ord_nobody" });
  assert.equal(missing.isError, true);
  assert.equal(missing.structuredContent, undefined);
  assert.equal(missing._meta["clawver-orders/error"].code, "not_found");
  assert.match(missing.content[0].text, /^not_found: /);

  // A refund: prepared, put before a person, paid once; the same call again pays nothing more.
  const wanted = { order_id: shop.hints.refundable_order, amount: "1.00 USD", reason: "A stain" };
  const { refund: prepared } = await read("prepare_refund", wanted);
  assert.equal(prepared.state, "prepared");
  assert.equal(asked.length, 0, "a person was asked too early");
  assert.equal(await shop.refundsSent(), 0, "money moved without a person");
  const { refund: paid } = await read("execute_refund", { refund_id: prepared.refund_id });
  assert.equal(asked.length, 1, "a person was not asked once");
  assert.match(asked[0], /1\.00 USD/);
  assert.equal(paid.state, "succeeded");
  assert.equal(paid.money_moved, "yes");
  const { refund: again } = await read("execute_refund", { refund_id: prepared.refund_id });
  assert.equal(again.processor_id, paid.processor_id);
  const { refunds } = await read("check_refund", { order_id: wanted.order_id });
  assert.equal(refunds.length, 1);
  assert.equal((await read("get_order", { order_id: wanted.order_id })).order.totals.refunded, "1.00 USD");
  assert.equal(asked.length, 1, "a person was asked again");
  assert.equal(await shop.refundsSent(), 1, "the refund was sent more than once");

  const unread = tools.filter((tool) => tool.annotations.readOnlyHint && !called.has(tool.name)).map((tool) => tool.name);
  assert.deepEqual(unread, [], "read tools that this walk does not call");
  console.log(`${tools.length} tools, ${called.size} called, ${orders.length} orders`);
}
