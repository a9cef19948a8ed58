// What Anthropic's Node SDK makes of answers and failures, streamed and whole. ANTHROPIC_SDK names the package, so that an
// old line can be tried beside the newest.

import assert from "node:assert/strict";
import test from "node:test";

import { abandoned, gateway } from "./gateway.mjs";
import { client as declared, version } from "./shows.mjs";
import { FACT, HEARTBEAT, OSLO, PIXEL, WORDS, answer, call, impatient, minute, silence } from "./steps.mjs";

const SDK = process.env.ANTHROPIC_SDK ?? "@anthropic-ai/sdk";
const { default: Anthropic } = await import(SDK);

impatient();
const shows = declared("@anthropic-ai/sdk (Node)", version(SDK));

const tool = (name, properties) => ({ name, description: `Does ${name}.`, input_schema: { type: "object", properties } });
const WEATHER = tool("get_weather", { city: { type: "string" } });
const CLOCK = tool("get_time", { zone: { type: "string" } });
const THINKING = { type: "enabled", budget_tokens: 2048 };

const client = (url, options = {}) =>
  new Anthropic({ baseURL: url.replace(/\/v1$/, ""), apiKey: "any", maxRetries: 0, timeout: 30_000, ...options });
const ask = (content, options = {}) => ({ model: "auto", max_tokens: 4096, messages: [{ role: "user", content }], ...options });

shows(["text", "stream", "reasoning"], "a streamed answer is the whole answer", async (t) => {
  const calls = [call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", {})];
  const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: WORDS }, ...calls])]);
  const request = ask("Hello", { thinking: THINKING, tools: [WEATHER, CLOCK] });
  const whole = await client(url).messages.create(request);
  assert.deepEqual(whole.content, [
    { type: "thinking", thinking: "Hm.", signature: "" },
    { type: "text", text: WORDS },
    { type: "tool_use", id: "c1", name: "get_weather", input: { city: "Paris" } },
    { type: "tool_use", id: "c2", name: "get_time", input: {} },
  ]);
  assert.equal(whole.stop_reason, "tool_use");
  const heard = { text: "", thinking: "", input: "" };
  const stream = client(url).messages.stream(request);
  stream.on("text", (delta) => (heard.text += delta));
  stream.on("thinking", (delta) => (heard.thinking += delta));
  stream.on("inputJson", (delta) => (heard.input += delta));
  const final = await stream.finalMessage();
  assert.deepEqual(final.content.map((block) => ({ ...block })), whole.content);
  assert.deepEqual([final.stop_reason, final.model, final.role], [whole.stop_reason, whole.model, whole.role]);
  assert.deepEqual(heard, { text: WORDS, thinking: "Hm.", input: '{"city":"Paris"}{}' });
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
  assert.equal(final.usage.input_tokens, whole.usage.input_tokens);
});

shows(["one tool"], "a tool's result goes back, in a base URL with /v1 as well", async (t) => {
  const expect = { input: { user_inputs: { inputs: [{ tool_call_result: { tool_call_id: "c1" } }] } } };
  const url = await gateway(t, [answer([call("get_weather", "c1", { city: "Paris" })]), { ...answer([{ text: "Dry." }]), expect }]);
  const sdk = client(url, { baseURL: url });
  const request = ask("Weather?", { tools: [WEATHER] });
  const first = await sdk.messages.create(request);
  const result = { type: "tool_result", tool_use_id: first.content[0].id, content: [{ type: "text", text: "21 degrees" }] };
  request.messages.push({ role: "assistant", content: first.content }, { role: "user", content: [result] });
  assert.equal((await sdk.messages.stream(request).finalMessage()).content[0].text, "Dry.");
});

test("a stop sequence, a length, tokens counted and models listed", async (t) => {
  const url = await gateway(t, [answer([{ text: ["one two E", "ND three four five"] }])]);
  const sdk = client(url);
  const stopped = await sdk.messages.stream(ask("Hello", { stop_sequences: ["END"] })).finalMessage();
  assert.deepEqual([stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence], ["one two ", "stop_sequence", "END"]);
  assert.equal((await sdk.messages.create(ask("Hello", { max_tokens: 2 }))).stop_reason, "max_tokens");
  const { input_tokens: tokens } = await sdk.messages.countTokens({ model: "auto", messages: ask("word ".repeat(500)).messages });
  assert.ok(tokens > 450 && tokens < 600);
  const ids = [];
  for await (const model of await sdk.models.list({ limit: 7 })) ids.push(model.id);
  assert.ok(ids.length > 20 && new Set(ids).size === ids.length && ids.includes("auto"));
});

const FAILURES = [
  ["a bad request", {}, { messages: [] }, Anthropic.BadRequestError, "invalid_request_error"],
  ["an unknown model", {}, { model: "no-such-model" }, Anthropic.NotFoundError, "not_found_error"],
  ["a refusal", { status: 403 }, {}, Anthropic.PermissionDeniedError, "permission_error"],
  ["spent credits", { status: 429, headers: { "x-warp-error-code": "OUT_OF_CREDITS" } }, {}, Anthropic.RateLimitError, "rate_limit_error"],
  ["a rate limit", { status: 429 }, {}, Anthropic.RateLimitError, "rate_limit_error"],
  ["an upstream that is down", { status: 503 }, {}, Anthropic.APIError, "api_error"],
  ["an overloaded model", { steps: [{ finish: { reason: "llm_unavailable" } }] }, {}, Anthropic.APIError, "overloaded_error"],
  ["a context that is full", { steps: [{ finish: { reason: "context_window_exceeded" } }] }, {}, Anthropic.BadRequestError, "invalid_request_error"],
];

for (const [name, exchange, wrong, kind, type] of FAILURES) {
  shows(["error classes"], `${name} is the right class of error`, async (t) => {
    const url = await gateway(t, [exchange]);
    for (const stream of [false, true]) {
      await assert.rejects(client(url).messages.create({ ...ask("Hello"), ...wrong, stream }), (error) => {
        assert.ok(error instanceof kind, error.constructor.name);
        assert.equal(error.error.error.type, type);
        assert.ok((error.requestID ?? error.request_id) && error.error.request_id && error.error.error.message);
        return true;
      });
    }
  });
}

shows(["error classes"], "a wrong key is an authentication error", async (t) => {
  const url = await gateway(t, undefined, { API_TOKEN: "right-key" });
  await assert.rejects(client(url).messages.create(ask("Hi")), Anthropic.AuthenticationError);
  assert.ok((await client(url, { apiKey: "right-key" }).messages.create(ask("Hi"))).content.length);
});

test("a failure in the middle is thrown after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  let text = "";
  await assert.rejects(async () => {
    for await (const event of await client(url).messages.create(ask("Hello", { stream: true }))) text += event.delta?.text ?? "";
  }, Anthropic.APIError);
  assert.equal(text, "so far ");
});

shows(["cancel"], "a client that goes away leaves the gateway well", async (t) => {
  const url = await gateway(t, [minute(), answer([{ text: "Still here." }])]);
  const stream = await client(url).messages.create(ask("Hello", { stream: true }));
  for await (const event of stream) if (event.type === "content_block_delta") break;
  stream.controller.abort();
  assert.ok(await abandoned(t));
  assert.equal((await client(url).messages.create(ask("Hello"))).content[0].text, "Still here.");
});

shows(["parallel tools"], "the results of parallel calls go back", async (t) => {
  const inputs = ["c1", "c2"].map((id) => ({ tool_call_result: { tool_call_id: id } }));
  const second = { ...answer([{ text: "Noon and dry." }]), expect: { input: { user_inputs: { inputs } } } };
  const url = await gateway(t, [answer([call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", {})]), second]);
  const request = ask("Weather and time?", { tools: [WEATHER, CLOCK] });
  const { content } = await client(url).messages.create(request);
  assert.deepEqual(content.map((block) => [block.name, block.input]), [["get_weather", { city: "Paris" }], ["get_time", {}]]);
  const results = content.map((block) => ({ type: "tool_result", tool_use_id: block.id, content: "fine" }));
  request.messages.push({ role: "assistant", content }, { role: "user", content: results });
  assert.equal((await client(url).messages.stream(request).finalMessage()).content[0].text, "Noon and dry.");
});

shows(["image"], "an image reaches the upstream", async (t) => {
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } };
  const said = await client(await gateway(t)).messages.create(ask([{ type: "text", text: "describe the image" }, image]));
  assert.match(said.content[0].text, /1 image.*image\/png/);
});

shows(["structured output"], "an answer by a schema", async (t) => {
  const sdk = client(await gateway(t, [answer([{ text: JSON.stringify(OSLO) }])]));
  const request = ask("Where?", { output_config: { format: { type: "json_schema", schema: FACT } } });
  if (sdk.messages.parse) {
    assert.deepEqual((await sdk.messages.parse(request)).parsed_output, OSLO);
  } else {
    // The old line has no name for it yet, and sends the field as it is.
    assert.deepEqual(JSON.parse((await sdk.messages.create(request)).content[0].text), OSLO);
  }
});

shows(["long silence"], "a silence longer than the client's patience is bridged", async (t) => {
  const sdk = client(await gateway(t, [silence()], HEARTBEAT));
  assert.equal((await sdk.messages.stream(ask("Hello")).finalMessage()).content.map((block) => block.text).join(""), "before after");
});
