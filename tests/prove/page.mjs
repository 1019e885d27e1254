// A person before the approval page: a real browser without scripts, a keyboard, and what a screen reader is told.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const HOME = process.env.HOME;
const PIN = "example horse battery";
const children = [];

function started(command, args, env = {}) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, LANG: "C.UTF-8", TZ: "UTC", HOME, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

async function lineOf(stream, pattern) {
  for await (const line of createInterface({ input: stream })) {
    const found = line.match(pattern);
    if (found) return found[0];
  }
  throw new Error(`no line with ${pattern}`);
}

// The desk over its stdin and stdout.
class Desk {
  #last = 0;
  #waiting = new Map();

  constructor(shop) {
    this.state = `${HOME}/state`;
    const env = { CLAW_API_URL: shop, CLAW_API_KEY: "claw_sk_test_example", CLAWVER_ORDERS_HOME: this.state };
    this.child = started("clawver-orders", ["serve"], env);
    this.child.stderr.resume();
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const answer = JSON.parse(line);
      this.#waiting.get(answer.id)?.(answer.result);
    });
  }

  ask(method, params) {
    const id = ++this.#last;
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  hello() {
    const clientInfo = { name: "prove", version: "1" };
    return this.ask("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  }

  call(name, args) {
    return this.ask("tools/call", { name, arguments: args });
  }

  // A prepared refund: its id, and the link in the answer.
  async asked(order, amount, reason, another = false) {
    const prepared = await this.call("prepare_refund", { order_id: order, amount, reason, another });
    const id = prepared.structuredContent.refund.refund_id;
    return { id, url: (await this.executed(id)).structuredContent.refund.approval.url };
  }

  executed(id) {
    return this.call("execute_refund", { refund_id: id });
  }
}

// A service with a page for a team, over made-up orders, and one of its programs.
class Service {
  constructor() {
    this.state = `${HOME}/team`;
  }

  async start() {
    const probe = createServer();
    await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    this.page = `http://127.0.0.1:${port}`;
    mkdirSync(this.state, { recursive: true });
    writeFileSync(`${this.state}/config.toml`, `[approvals]\nurl = "${this.page}"\n`);
    setPin(`${this.state}/sandbox`);
    const words = ["serve", "--http", "--sandbox", "--port", "0", "--approvals-port", `${port}`];
    const child = started("clawver-orders", [...words, "--config", `${this.state}/config.toml`], {
      CLAWVER_ORDERS_HOME: this.state,
    });
    this.url = (await lineOf(child.stderr, /listening at (http:\S+?\/mcp)/)).split(" ").at(-1);
    child.stderr.resume();
  }

  async call(name, args) {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "prove", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const answer = await fetch(this.url, {
      method: "POST",
      headers: {
        Accept: "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta } }),
    });
    return (await answer.json()).result.structuredContent;
  }

  // A prepared refund of some order of which money can be given back: its id, and the link in the answer.
  async asked() {
    const { orders } = await this.call("list_orders", { payment_status: "paid", limit: 50 });
    for (const { id } of orders) {
      const made = await this.call("prepare_refund", { order_id: id, amount: "1.00 USD", reason: "torn" });
      if (made) {
        const refund_id = made.refund.refund_id;
        return { id: refund_id, url: (await this.executed(refund_id)).approval.url };
      }
    }
    throw new Error("no order of which money can be given back");
  }

  async executed(refund_id) {
    return (await this.call("execute_refund", { refund_id })).refund;
  }
}

function setPin(state) {
  const code =
    "import sys, anyio; from datetime import UTC, datetime; from pathlib import Path; " +
    "from clawver_orders.approvals.pin import Pin; from clawver_orders.ledger import SqliteLedger; " +
    "now = lambda: datetime.now(UTC); pin = Pin(SqliteLedger(Path(sys.argv[1]), now), now); " +
    "anyio.run(lambda: pin.choose(sys.argv[2], by='prove'))";
  const set = spawnSync("python", ["-c", code, state, PIN], { encoding: "utf8" });
  assert.equal(set.status, 0, set.stderr);
}

// One tab, over the DevTools protocol.
class Tab {
  #last = 0;
  #waiting = new Map();
  #loads = [];

  static async open(browser) {
    const target = await (await fetch(`${browser}/json/new?about:blank`, { method: "PUT" })).json();
    const tab = new Tab();
    tab.socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => Object.assign(tab.socket, { onopen: resolve, onerror: reject }));
    tab.socket.onmessage = ({ data }) => tab.#heard(JSON.parse(data));
    for (const domain of ["Page", "DOM", "Accessibility"]) await tab.do(`${domain}.enable`);
    await tab.do("Emulation.setFocusEmulationEnabled", { enabled: true });
    const size = { width: 760, height: 720, deviceScaleFactor: 1, mobile: false };
    await tab.do("Emulation.setDeviceMetricsOverride", size);
    await tab.scripts(false);
    await tab.language("en");
    return tab;
  }

  #heard(message) {
    if (message.method === "Page.loadEventFired") for (const loaded of this.#loads.splice(0)) loaded();
    const waiting = this.#waiting.get(message.id);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result);
  }

  do(method, params = {}) {
    const id = ++this.#last;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  scripts(on) {
    return this.do("Emulation.setScriptExecutionDisabled", { value: !on });
  }

  language(acceptLanguage) {
    return this.do("Emulation.setUserAgentOverride", { userAgent: "Mozilla/5.0 prove", acceptLanguage });
  }

  async loads(action) {
    const loaded = new Promise((resolve) => this.#loads.push(resolve));
    await action();
    await loaded;
  }

  go(url) {
    return this.loads(() => this.do("Page.navigate", { url }));
  }

  async key(key, { text, shift = false } = {}) {
    const code = { Tab: 9, Enter: 13, " ": 32 }[key];
    const press = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 };
    await this.do("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...press, text });
    await this.do("Input.dispatchKeyEvent", { type: "keyUp", ...press });
  }

  // What a screen reader is told: role and name of everything, and which has the focus.
  async read() {
    const { nodes } = await this.do("Accessibility.getFullAXTree");
    return nodes
      .filter((node) => !node.ignored)
      .map((node) => ({
        role: node.role?.value,
        name: node.name?.value ?? "",
        focused: node.properties?.some((one) => one.name === "focused" && one.value.value) ?? false,
      }));
  }

  async focused() {
    const focus = (await this.read()).filter((node) => node.focused && node.role !== "RootWebArea");
    return focus.map((node) => `${node.role} ${node.name}`).join();
  }

  async heading() {
    return (await this.read()).find((node) => node.role === "heading")?.name;
  }

  async html() {
    const { root } = await this.do("DOM.getDocument", { depth: -1 });
    return (await this.do("DOM.getOuterHTML", { nodeId: root.nodeId })).outerHTML;
  }

  async picture(name) {
    const { cssContentSize: size } = await this.do("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width: 760, height: Math.ceil(size.height), scale: 1 };
    const { data } = await this.do("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    const bytes = Buffer.from(data, "base64");
    assert.ok(bytes.length < 150_000, `${name} is ${bytes.length} bytes`);
    writeFileSync(`${HOME}/approval-${name}.png`, bytes);
  }
}

// Another site on the same computer, whose page is whatever it is set to.
async function anotherSite() {
  const site = { page: "" };
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(request.url === "/" ? site.page : "framed");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.url = `http://127.0.0.1:${server.address().port}/`;
  return site;
}

async function prove() {
  const site = await anotherSite();
  const sandbox = started("clawver-orders", ["sandbox", "--port", "0", "--seed", "7"]);
  const shop = await lineOf(sandbox.stdout, /http:\/\/\S+/);
  const hints = (await (await fetch(`${shop}/_sandbox`)).json()).try;
  const order = hints.refundable_order;
  const desk = new Desk(shop);
  await desk.hello();
  const chromium = started(process.env.CHROMIUM ?? "chromium", [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--force-color-profile=srgb",
    // So that a frame is told of in its page's own tree.
    "--disable-features=IsolateOrigins,site-per-process",
    "--disable-site-isolation-trials",
    `--user-data-dir=${HOME}/chromium`,
    "about:blank",
  ]);
  const browser = `http://${(await lineOf(chromium.stderr, /ws:\/\/[^/]+/)).slice(5)}`;
  chromium.stderr.resume();
  const tab = await Tab.open(browser);

  await step("the page says what a person must know, to eyes and screen readers", async () => {
    const { id, url } = await desk.asked(order, "5.00 USD", "The sleeve arrived torn");
    await tab.go(url);
    await tab.picture("en");
    const read = await tab.read();
    const roles = read.map((node) => `${node.role} ${node.name}`);
    for (const one of ["heading Refund 5.00 USD?", "button Approve", "button Reject", "main "]) {
      assert.ok(roles.includes(one), one);
    }
    const said = read.map((node) => node.name).join("\n");
    for (const word of [order, "5.00 USD", "29.00 USD", "24.00 USD", "Heavy Cotton Tee", "***", "torn"]) {
      assert.ok(said.includes(word), word);
    }
    assert.ok((await tab.html()).includes('<html lang="en">'));
    assert.equal(read.filter((node) => node.focused && node.role === "button").length, 0, "nothing is pressed by accident");

    await tab.key("Tab");
    assert.equal(await tab.focused(), "button Approve");
    await tab.key("Tab");
    assert.equal(await tab.focused(), "button Reject");
    await tab.key("Tab", { shift: true });
    assert.equal(await tab.focused(), "button Approve");
    await tab.loads(() => tab.key("Enter", { text: "\r" }));
    assert.equal(await tab.heading(), "Approved.");
    const done = (await desk.executed(id)).structuredContent.refund;
    assert.deepEqual([done.state, done.confirmed_by], ["succeeded", "page"]);
    await tab.go(url);
    assert.equal(await tab.heading(), "There is nothing to answer at this address.");
  });

  await step("a second refund of the same amount says so, and the keyboard rejects it", async () => {
    const { id, url } = await desk.asked(order, "5.00 USD", "The other sleeve, too", true);
    await tab.go(url);
    await tab.picture("second");
    const said = (await tab.read()).map((node) => node.name).join("\n");
    assert.ok(said.includes("SECOND REFUND OF THE SAME AMOUNT"));
    await tab.key("Tab");
    await tab.key("Tab");
    await tab.loads(() => tab.key(" ", { text: " " }));
    assert.equal(await tab.heading(), "Rejected.");
    assert.match((await desk.executed(id)).content[0].text, /^refund\.declined: /);
  });

  const waiting = await desk.asked(order, "6.00 USD", "袖子破了");
  await step("it speaks Chinese to a browser that asks for it", async () => {
    await tab.language("zh-CN,zh;q=0.9,en;q=0.8");
    await tab.go(waiting.url);
    await tab.picture("zh");
    assert.equal(await tab.heading(), "确认退款 6.00 USD？");
    assert.ok((await tab.html()).includes('<html lang="zh-Hans">'));
    await tab.language("en");
  });

  await step("it cannot be put into a frame", async () => {
    const framed = async (url) => {
      site.page = `<iframe src="${url}"></iframe>`;
      await tab.go(site.url);
      const { frameTree } = await tab.do("Page.getFrameTree");
      return (frameTree.childFrames ?? []).map(({ frame }) => frame.url);
    };
    assert.deepEqual(await framed(`${site.url}framed`), [`${site.url}framed`]);
    assert.deepEqual(await framed(waiting.url), ["chrome-error://chromewebdata/"]);
  });

  await step("another site cannot send its form, even with the page's own value", async () => {
    const csrf = (await (await fetch(waiting.url)).text()).match(/name="csrf" value="([^"]+)"/)[1];
    site.page =
      `<form method="post" action="${waiting.url}"><input name="csrf" value="${csrf}">` +
      '<button name="decision" value="approve">Win a prize</button></form>';
    await tab.go(site.url);
    await tab.key("Tab");
    await tab.key("Tab");
    assert.equal(await tab.focused(), "button Win a prize");
    await tab.loads(() => tab.key("Enter", { text: "\r" }));
    assert.equal(await tab.heading(), "This was not done.");
    assert.equal((await desk.executed(waiting.id)).structuredContent.refund.state, "prepared");
  });

  await step("the PIN is asked for, a wrong one is told, the right one approves", async () => {
    setPin(desk.state);
    await tab.go(waiting.url);
    await tab.picture("pin");
    for (const [typed, heading] of [
      ["a wrong guess", "Refund 6.00 USD?"],
      [PIN, "Approved."],
    ]) {
      await tab.key("Tab");
      assert.equal(await tab.focused(), "textbox PIN");
      await tab.do("Input.insertText", { text: typed });
      await tab.loads(() => tab.key("Enter", { text: "\r" }));
      assert.equal(await tab.heading(), heading);
      const alerts = (await tab.read()).filter((node) => node.role === "alert").length;
      assert.equal(alerts, heading === "Approved." ? 0 : 1);
    }
    const done = (await desk.executed(waiting.id)).structuredContent.refund;
    assert.deepEqual([done.state, done.confirmed_by], ["succeeded", "page, with the PIN"]);
  });

  await step("at a service people sign in, are asked for the PIN again, and sign out", async () => {
    const service = new Service();
    await service.start();
    const { id, url } = await service.asked();
    assert.ok(url.startsWith(`${service.page}/moves/`));
    const typed = async (pin, heading) => {
      await tab.key("Tab");
      assert.equal(await tab.focused(), "textbox PIN");
      await tab.do("Input.insertText", { text: pin });
      await tab.loads(() => tab.key("Enter", { text: "\r" }));
      assert.equal(await tab.heading(), heading);
    };
    await tab.go(url);
    assert.equal(await tab.heading(), "Sign in");
    await typed("a wrong guess", "Sign in");
    await typed(PIN, "Refund 1.00 USD?");
    await tab.picture("team");

    // Another site, for a browser the same one with another port: it cannot send this person's form.
    const csrf = (await tab.html()).match(/name="csrf" value="([^"]+)"/)[1];
    site.page =
      `<form method="post" action="${url}"><input name="csrf" value="${csrf}"><input name="pin" value="${PIN}">` +
      '<button name="decision" value="approve">Win a prize</button></form>';
    await tab.go(site.url);
    for (let presses = 0; presses < 3; presses += 1) await tab.key("Tab");
    assert.equal(await tab.focused(), "button Win a prize");
    await tab.loads(() => tab.key("Enter", { text: "\r" }));
    assert.equal(await tab.heading(), "This was not done.");
    assert.equal((await service.executed(id)).state, "prepared");

    await tab.go(service.page);
    assert.equal(await tab.heading(), "What waits for an answer");
    await tab.key("Tab");
    assert.equal(await tab.focused(), "link Refund 1.00 USD?");
    await tab.loads(() => tab.key("Enter", { text: "\r" }));
    await typed(PIN, "Approved.");
    const done = await service.executed(id);
    assert.deepEqual([done.state, done.confirmed_by], ["succeeded", "page, with the PIN"]);
    for (const focus of ["link What else waits", "button Sign out"]) {
      await tab.key("Tab");
      assert.equal(await tab.focused(), focus);
    }
    await tab.loads(() => tab.key("Enter", { text: "\r" }));
    assert.equal(await tab.heading(), "You are signed out.");
    await tab.go(url);
    assert.equal(await tab.heading(), "Sign in");
  });
}

async function step(what, work) {
  try {
    await work();
  } catch (error) {
    console.log(`NO: ${what}`);
    throw error;
  }
  console.log(`ok: ${what}`);
}

try {
  await prove();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill();
  process.exit();
}
