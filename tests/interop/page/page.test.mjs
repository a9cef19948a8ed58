// The page of the bridge in a real browser: turns appear as they run, open, filter; slow viewers slow nobody.
//
// CHROMIUM names the browser. With WARP2API_SCREENSHOT the picture in the README is taken anew.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { chromium } from "playwright-core";

import { gateway, said } from "./gateway.mjs";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const PATIENCE = 20_000;

/** A gateway with its bridge, and a browser with the page open. `options` are the browser's. */
async function watched(t, exchanges, { environment = {}, ...options } = {}) {
  const api = await gateway(t, exchanges, { WARP2API_BRIDGE_LISTEN: "127.0.0.1:0", ...environment });
  const bridge = await said(t, /The bridge listens on (http:\/\/127\.0\.0\.1:\d+)/);
  const data = mkdtempSync(join(tmpdir(), "warp2api-browser-"));
  const browser = await chromium.launchPersistentContext(data, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS, headless: true, acceptDownloads: true,
    ...options,
  });
  t.after(async () => {
    await browser.close();
    rmSync(data, { recursive: true, force: true });
  });
  await browser.grantPermissions(["clipboard-read", "clipboard-write"], { origin: bridge });
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(PATIENCE);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  const elsewhere = [];
  page.on("request", (request) => request.url().startsWith(bridge) || elsewhere.push(request.url()));
  await page.goto(`${bridge}/gui`);
  await page.waitForSelector("#link[data-up=yes]");
  t.after(() => {
    assert.deepEqual(problems, [], "the page has no errors");
    assert.deepEqual(elsewhere.filter((url) => !url.startsWith("data:")), [], "the page loads nothing from elsewhere");
  });
  return { api, bridge, page };
}

/** A streamed turn; gives the response while it runs. */
function ask(api, content = "hi", more = {}) {
  const body = { model: "auto", stream: true, messages: [{ role: "user", content }], ...more };
  return fetch(`${api}/chat/completions`, { method: "POST", body: JSON.stringify(body) });
}

/** Waits until there are so many rows: they are drawn a frame after they are counted. */
async function drawn(rows, number) {
  for (let look = 0; look < 100 && (await rows.count()) !== number; look += 1) await rows.page().waitForTimeout(50);
  assert.equal(await rows.count(), number);
}

const plain = (text) => ({ steps: [{ text }, { finish: { usage: { input: 30, output: 7 } } }] });
const SHOWN = { WARP2API_MONITOR_SENSITIVE: "true" };

test("a streamed turn appears while it runs, opens, and ends", async (t) => {
  const slow = { steps: [{ text: ["first ", "second "] }, { delay_ms: 1500 }, { more: "third" }, { finish: {} }] };
  const { api, page } = await watched(t, [slow], { environment: SHOWN });
  const response = await ask(api);
  const row = page.locator("#list [role=option]").first();
  await row.getByText("running").waitFor();
  await row.click();
  await page.locator("#event-list [role=option]", { hasText: "first" }).first().waitFor();
  assert.match(await page.locator("#facts").innerText(), /running/);
  await response.text();
  await page.locator("#event-list [role=option]", { hasText: "third" }).first().waitFor();
  await page.locator("#event-list [role=option]", { hasText: "finished" }).waitFor();
  await page.locator("#facts", { hasText: "done" }).waitFor();
});

test("one event is seen as JSON, as bytes beside its fields, as tasks and as every dialect tells it", async (t) => {
  const { api, page } = await watched(t, [plain("Hello, <b>world</b>.")], { environment: SHOWN });
  await (await ask(api, "what is asked")).text();
  await page.locator("#list [role=option]").first().click();
  await page.locator("#event-list [role=option]").first().click();
  await page.locator("#event-text", { hasText: "conversation_id" }).waitFor();

  await page.getByRole("tab", { name: "Wire" }).click();
  const field = page.locator("#fields [role=option]", { hasText: "conversation_id" });
  await field.hover();
  const marked = page.locator("#bytes .byte.marked");
  await marked.first().waitFor();
  const value = await field.locator(".mono").innerText();
  assert.ok((await marked.count()) >= JSON.parse(value).length, "the field's bytes are marked");
  // And from a byte to its field.
  await page.locator("#bytes .byte").first().hover();
  await page.locator("#fields .field.marked", { hasText: "init" }).waitFor();

  await page.getByRole("tab", { name: "Tasks" }).click();
  await page.locator("#task-tree", { hasText: "Hello, <b>world</b>." }).waitFor();
  assert.equal(await page.locator("#task-tree b").count(), 0, "what a model says is never markup");

  await page.getByRole("tab", { name: "Dialects" }).click();
  for (const [name, part] of [["openai_chat", "chat.completion.chunk"], ["openai_responses", "response.created"], ["anthropic", "message_start"], ["gemini", "candidates"]]) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator("#dialect-text", { hasText: part }).waitFor();
  }
  await page.getByRole("tab", { name: "Request" }).click();
  await page.locator("#request-text", { hasText: "what is asked" }).waitFor();

  await page.getByRole("button", { name: "Copy as curl" }).click();
  await page.locator("#said", { hasText: "copied" }).waitFor();
  const curl = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(curl, /^printf %s [\w+/=]+ \| base64 -d \| curl -N --data-binary @- '.*\/ai\/multi-agent'/);
  assert.match(curl, /Bearer \$WARP_JWT/);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download capture").click()]);
  assert.equal(download.suggestedFilename(), "turn-1-1.capture.jsonl");
  assert.match(readFileSync(await download.path(), "utf8"), /^\{"warp2api_capture"/);
});

test("turns are searched and filtered, held back while paused, and reached by keyboard", async (t) => {
  const { api, page } = await watched(t, [plain("one"), { status: 400, body: "nonsense" }, plain("three")]);
  for (let number = 0; number < 3; number += 1) await (await ask(api)).text();
  const rows = page.locator("#list [role=option]");
  await page.locator("#count", { hasText: "3 of 3" }).waitFor();
  await page.selectOption("#states", "failed");
  await page.locator("#count", { hasText: "1 of 3" }).waitFor();
  await drawn(rows, 1);
  await page.selectOption("#states", "");
  await page.keyboard.press("Escape");
  await page.locator("body").press("/");
  await page.keyboard.type("nonsense");
  await page.locator("#count", { hasText: "1 of 3" }).waitFor();
  await page.fill("#search", "");

  await page.click("#pause");
  await (await ask(api)).text();
  await page.waitForTimeout(500);
  await drawn(rows, 3);
  await page.click("#pause");
  await page.locator("#count", { hasText: "4 of 4" }).waitFor();

  await page.focus("#list");
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await page.locator("#title", { hasText: "Turn 3" }).waitFor();
  await page.keyboard.press("4");
  assert.equal(await page.getByRole("tab", { name: "Wire" }).getAttribute("aria-selected"), "true");
  await page.keyboard.press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  // Without being asked to, nothing that anybody wrote is shown.
  await rows.first().click();
  await page.keyboard.press("2");
  await page.locator("#event-list [role=option]", { hasText: "[redacted]" }).first().waitFor();
});

test("thousands of events are a few rows", async (t) => {
  const pieces = Array.from({ length: 6000 }, (_, number) => `piece-${number} `);
  const { api, page } = await watched(t, [{ steps: [{ text: pieces }, { finish: {} }] }], { environment: SHOWN });
  await (await ask(api)).text();
  await page.locator("#list [role=option]").first().click();
  // A debug build on a busy machine takes its time to read so many.
  await page.locator("#found", { hasText: /60\d\d of 60\d\d events/ }).waitFor({ timeout: 90_000 });
  assert.ok((await page.locator("#event-list [role=option]").count()) < 100, "only what is in sight is there");
  await page.locator("#event-list").press("Home");
  await page.locator("#event-list [role=option]", { hasText: "init" }).waitFor();
  await page.fill("#find", "piece-4321");
  await page.locator("#found", { hasText: "1 of" }).waitFor();
  await page.locator("#event-list [role=option]", { hasText: "piece-4321" }).click();
  await page.locator("#event-text", { hasText: "piece-4321" }).waitFor();
  // Scrolling through all of them draws a frame in time, nearly always.
  await page.fill("#find", "");
  const slow = await page.evaluate(async () => {
    const list = document.querySelector("#event-list");
    let last = performance.now();
    let late = 0;
    for (let step = 0; step < 60; step += 1) {
      list.scrollTop = (step / 60) * list.scrollHeight;
      const now = await new Promise(requestAnimationFrame);
      if (now - last > 200) late += 1;
      last = now;
    }
    return late;
  });
  assert.ok(slow < 30, `${slow} of 60 frames were late`);
});

test("thousands of events that come while they are watched keep the page moving", async (t) => {
  const burst = (part) => Array.from({ length: 100 }, (_, number) => `piece-${part * 100 + number} `);
  const steps = [{ text: ["begun "] }, { delay_ms: 1000 }];
  for (let part = 0; part < 40; part += 1) steps.push({ more: burst(part) }, { delay_ms: 50 });
  const { api, page } = await watched(t, [{ steps: [...steps, { finish: {} }] }], { environment: SHOWN });
  const answered = ask(api).then((response) => response.text());
  await page.locator("#list [role=option]").first().click();
  for (const view of ["Events", "Tasks", "Dialects", "Events"]) {
    await page.getByRole("tab", { name: view }).click();
    const { late, all } = await page.evaluate(async () => {
      let [last, late, all] = [performance.now(), 0, 0];
      for (const until = last + 500; last < until; all += 1) {
        const now = await new Promise(requestAnimationFrame);
        if (now - last > 200) late += 1;
        last = now;
      }
      return { late, all };
    });
    assert.ok(late <= all / 2, `${view}: ${late} of ${all} frames were late`);
  }
  assert.match(await answered, /piece-3999[^]*\[DONE\]/);
  await page.locator("#found", { hasText: /40\d\d of 40\d\d events/ }).waitFor();
  await page.locator("#facts", { hasText: "done" }).waitFor();
  // It has followed the end, and only what is in sight is there.
  await page.locator("#event-list [role=option]", { hasText: "finished" }).waitFor();
  assert.ok((await page.locator("#event-list [role=option]").count()) < 100);
});

test("what is folded up stays so while the answer grows, and fields are walked by keyboard", async (t) => {
  const steps = [{ text: ["one "] }, { delay_ms: 1500 }, { more: ["two "] }, { delay_ms: 1500 }, { more: ["three"] }, { finish: {} }];
  const { api, page } = await watched(t, [{ steps }], { environment: SHOWN });
  const answered = ask(api).then((response) => response.text());
  await page.locator("#list [role=option]").first().click();
  await page.keyboard.press("3");
  const part = page.locator("#task-tree details details", { hasText: "one" });
  await part.locator("summary").focus();
  await page.keyboard.press("Enter");
  await page.locator("#task-tree details details:not([open])").waitFor();
  await answered;
  await page.locator("#task-tree", { hasText: "three" }).waitFor({ state: "attached" });
  await page.locator("#facts", { hasText: "done" }).waitFor();
  assert.equal(await page.locator("#task-tree details details:not([open])").count(), 1);

  await page.keyboard.press("2");
  await page.focus("#event-list");
  await page.keyboard.press("Home");
  await page.getByRole("tab", { name: "Events" }).focus();
  for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await page.getByRole("tab", { name: "Wire" }).getAttribute("aria-selected"), "true");
  await page.locator("#fields [role=option]").first().waitFor();
  await page.focus("#fields");
  for (const key of ["ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  await page.locator("#bytes .byte.marked").first().waitFor();
});

test("dead and frozen viewers slow no turn", async (t) => {
  const pieces = Array.from({ length: 2000 }, (_, number) => `piece-${number} `);
  const { api, bridge, page } = await watched(t, [{ steps: [{ text: pieces }, { finish: {} }] }]);
  const { hostname, port } = new URL(bridge);
  const dead = Array.from({ length: 5 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(`GET /ws?turns=1 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    socket.pause();
    return socket;
  });
  t.after(() => dead.forEach((socket) => socket.destroy()));
  // The page itself hangs while the turns run.
  const frozen = page.evaluate(() => {
    const until = Date.now() + 3000;
    while (Date.now() < until);
  });
  for (let number = 0; number < 3; number += 1) {
    const text = await (await ask(api)).text();
    assert.match(text, /piece-1999[^]*\[DONE\]/);
  }
  await frozen;
  await page.locator("#count", { hasText: "3 of 3" }).waitFor();
  await page.locator("#list [role=option]", { hasText: "done" }).nth(2).waitFor();
});

for (const colorScheme of ["light", "dark"]) {
  test(`it fits a phone, in ${colorScheme}`, async (t) => {
    const { api, page } = await watched(t, [plain("hi")], { viewport: { width: 375, height: 700 }, colorScheme });
    await (await ask(api)).text();
    await page.locator("#list [role=option]").first().click();
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    for (const name of ["Request", "Events", "Tasks", "Wire", "Dialects"]) {
      await page.getByRole("tab", { name }).click();
      assert.ok(await fits(), `${name} is wider than the phone`);
    }
    assert.ok(await page.locator("#turns").isHidden());
    await page.getByRole("button", { name: "Back" }).click();
    assert.ok(await page.locator("#turns").isVisible());
    assert.ok(await fits());
    // The text stands out from the ground, 7 to 1 at least.
    const contrast = await page.evaluate(() => {
      const light = (text) => {
        const parts = text.match(/\d+(\.\d+)?/g).slice(0, 3).map((part) => part / 255);
        const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const style = getComputedStyle(document.body);
      const [one, other] = [light(style.color), light(style.backgroundColor)].sort((a, b) => b - a);
      return (one + 0.05) / (other + 0.05);
    });
    assert.ok(contrast > 7, `${contrast}`);
  });
}

test("a picture of it in use", { skip: !process.env.WARP2API_SCREENSHOT }, async (t) => {
  const call = { name: "get_weather", arguments: { city: "Paris" } };
  const talk = [
    { steps: [{ reasoning: "They want the weather." }, { tool_call: call }, { finish: { usage: { input: 812, output: 41 } } }] },
    plain("It is sunny in Paris, 21 °C, with a light breeze from the west."),
    { status: 400, body: "the request is not understood" },
    { steps: [{ text: "Let me look that up for you, " }, { more: "one moment please." }, { delay_ms: 5000 }, { finish: {} }] },
  ];
  const { api, page } = await watched(t, talk, { environment: SHOWN, viewport: { width: 1440, height: 720 } });
  const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }];
  await (await ask(api, "What is the weather in Paris?", { tools, model: "claude-4-5-sonnet" })).text();
  await (await ask(api, "And in the evening?", { model: "gpt-5 (high reasoning)" })).text();
  await (await ask(api, "And in Rome?")).text();
  const running = await ask(api, "And tomorrow?");
  await page.locator("#list [role=option]", { hasText: "done" }).first().click();
  await page.locator("#event-list [role=option]", { hasText: "sunny" }).first().click();
  await page.getByRole("tab", { name: "Wire" }).click();
  await page.locator("#fields [role=option]", { hasText: "agent_output" }).first().hover();
  await page.locator("#bytes .byte.marked").first().waitFor();
  await page.screenshot({ path: process.env.WARP2API_SCREENSHOT });
  await running.text();
});
