// The Vercel AI SDK before the gateway, by its provider for servers that speak OpenAI's language. Its parser is strict.

import assert from "node:assert/strict";
import test from "node:test";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

import { gateway } from "./gateway.mjs";

const WORDS = "Grüße, 世界 👋🏽!\nA second line, with \u2028 in it. The end";
const answer = (steps, finish = {}) => ({ steps: [...steps, { finish }] });
const call = (name, id, args) => ({ tool_call: { name, id, arguments: args } });

function model(baseURL, options = {}) {
  return createOpenAICompatible({ name: "warp", baseURL, apiKey: "any", includeUsage: true, ...options })("auto");
}

const runnable = (asked, name, property) =>
  tool({
    description: `Does ${name}.`,
    inputSchema: jsonSchema({ type: "object", properties: { [property]: { type: "string" } }, required: [property] }),
    execute: async (args) => {
      asked.push([name, args]);
      return "fine";
    },
  });

test("text, reasoning and usage", async (t) => {
  const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: [...WORDS] }])]);
  const said = await generateText({ model: model(url), prompt: "Hello", maxRetries: 0 });
  assert.deepEqual([said.text, said.reasoningText, said.finishReason], [WORDS, "Hm.", "stop"]);
  assert.ok(said.usage.inputTokens > 0 && said.usage.outputTokens > 0);
});

test("a stream holds no error part and ends with usage", async (t) => {
  const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: [...WORDS] }])]);
  const said = streamText({ model: model(url), prompt: "Hello", maxRetries: 0 });
  const parts = [];
  for await (const part of said.fullStream) parts.push(part);
  assert.ok(!parts.some((part) => part.type === "error"), JSON.stringify(parts));
  assert.deepEqual([await said.text, await said.reasoningText, await said.finishReason], [WORDS, "Hm.", "stop"]);
  assert.ok((await said.usage).totalTokens > 0);
});

for (const stream of [false, true]) {
  test(`two calls in one answer are run and come to an end, stream: ${stream}`, async (t) => {
    const both = [{ text: "Looking." }, call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", { zone: "CET" })];
    const url = await gateway(t, [answer(both), answer([{ text: "Noon and dry." }])]);
    const asked = [];
    const tools = { get_weather: runnable(asked, "get_weather", "city"), get_time: runnable(asked, "get_time", "zone") };
    const request = { model: model(url), prompt: "Weather and time?", tools, stopWhen: stepCountIs(4), maxRetries: 0 };
    const said = stream ? streamText(request) : await generateText(request);
    assert.equal(await said.text, "Noon and dry.");
    assert.deepEqual(asked, [["get_weather", { city: "Paris" }], ["get_time", { zone: "CET" }]]);
    assert.equal((await said.steps).length, 2);
  });
}

test("an object by a schema", async (t) => {
  const url = await gateway(t, [answer([{ text: '{"city": "Oslo", "days": 3}' }])]);
  const schema = jsonSchema({
    type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"],
  });
  const said = await generateObject({ model: model(url, { supportsStructuredOutputs: true }), prompt: "Where?", schema, maxRetries: 0 });
  assert.deepEqual(said.object, { city: "Oslo", days: 3 });
});

test("failures before and in the middle are errors", async (t) => {
  const url = await gateway(t, [{ status: 403 }, { steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  await assert.rejects(generateText({ model: model(url), prompt: "Hello", maxRetries: 0 }), { statusCode: 403 });
  const said = streamText({ model: model(url), prompt: "Hello", maxRetries: 0, onError: () => {} });
  const kinds = [];
  for await (const part of said.fullStream) kinds.push(part.type);
  assert.ok(kinds.includes("text-delta") && kinds.includes("error"), kinds.join());
});

test("a long silence is bridged", async (t) => {
  const url = await gateway(t, [answer([{ text: "before " }, { delay_ms: 1000 }, { text: "after" }])], { WARP2API_HEARTBEAT: "200ms" });
  assert.equal(await streamText({ model: model(url), prompt: "Hello", maxRetries: 0 }).text, "before after");
});
