// What the official Node SDK makes of the other API: answers, streams, tools, kept answers and failures.

import assert from "node:assert/strict";
import test from "node:test";

import OpenAI from "openai";

import { gateway } from "./gateway.mjs";

const WORDS = "Grüße, 世界 👋🏽!\nA second line, with \u2028 in it. The end";
const WEATHER = tool("get_weather", { city: { type: "string" } });
const CLOCK = tool("get_time", { zone: { type: "string" } });

function tool(name, properties) {
  return { type: "function", name, parameters: { type: "object", properties, required: Object.keys(properties) }, strict: false };
}

function client(baseURL, options = {}) {
  return new OpenAI({ baseURL, apiKey: "any", maxRetries: 0, timeout: 30_000, ...options });
}

const answer = (steps, finish = {}) => ({ steps: [...steps, { finish }] });
const ask = (input, options = {}) => ({ model: "auto", input, ...options });
const call = (name, id, args) => ({ tool_call: { name, id, arguments: args } });

test("a streamed answer is the whole answer", async (t) => {
  const sdk = client(await gateway(t, [answer([{ reasoning: "Hm." }, { text: WORDS }])]));
  const whole = await sdk.responses.create(ask("Hello"));
  assert.deepEqual([whole.output_text, whole.status, whole.output[0].summary[0].text], [WORDS, "completed", "Hm."]);
  const stream = sdk.responses.stream(ask("Hello"));
  let text = "";
  let number = 0;
  for await (const event of stream) {
    assert.equal(event.sequence_number, number++);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  const final = await stream.finalResponse();
  assert.deepEqual([text, final.output_text, final.usage], [WORDS, WORDS, whole.usage]);
});

test("parallel calls come through the stream helper and their results go back", async (t) => {
  const calls = answer([{ text: "Let me see." }, call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", {})]);
  const sdk = client(await gateway(t, [calls, answer([{ text: "Dry." }])]));
  const request = ask("Weather?", { tools: [WEATHER, CLOCK] });
  const final = await sdk.responses.stream(request).finalResponse();
  const made = final.output.filter((item) => item.type === "function_call");
  assert.deepEqual(made.map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]),
    [["c1", "get_weather", { city: "Paris" }], ["c2", "get_time", {}]]);
  const results = made.map((item) => ({ type: "function_call_output", call_id: item.call_id, output: "fine" }));
  const next = await sdk.responses.create({ ...request, input: results, previous_response_id: final.id });
  assert.equal(next.output_text, "Dry.");
});

test("answers are kept until they are deleted", async (t) => {
  const sdk = client(await gateway(t));
  const kept = await sdk.responses.create(ask("Hello"));
  assert.equal((await sdk.responses.retrieve(kept.id)).output_text, kept.output_text);
  await sdk.responses.delete(kept.id);
  await assert.rejects(sdk.responses.retrieve(kept.id), OpenAI.NotFoundError);
  await assert.rejects(sdk.responses.create(ask("x", { previous_response_id: kept.id })), OpenAI.BadRequestError);
  const count = await sdk.post("/responses/input_tokens", { body: ask("Hello") });
  assert.equal(count.object, "response.input_tokens");
  assert.ok(count.input_tokens > 0);
});

test("failures are what programs catch", async (t) => {
  const sdk = client(await gateway(t));
  await assert.rejects(sdk.responses.create(ask("fail quota")), { status: 429, code: "insufficient_quota" });
  await assert.rejects(sdk.responses.create(ask([], { stream: true })), { status: 400, param: "input" });
  const events = [];
  for await (const event of await sdk.responses.create(ask("cut", { stream: true }))) events.push(event);
  assert.equal(events.at(-1).type, "response.failed");
  assert.equal(events.at(-1).response.error.code, "upstream_truncated");
});
