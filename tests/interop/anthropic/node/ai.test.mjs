// What the Vercel AI SDK, which reads more strictly than any other, makes of answers in Anthropic's form.

import assert from "node:assert/strict";
import test from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

import { gateway } from "./gateway.mjs";

const WORDS = "Grüße, 世界 👋🏽!\nA second line. The end";
const answer = (steps, finish = {}) => ({ steps: [...steps, { finish }] });
const call = (name, id, args) => ({ tool_call: { name, id, arguments: args } });
const options = (url) => ({ model: createAnthropic({ baseURL: url, apiKey: "any" })("auto"), maxRetries: 0 });
const THINKING = { anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } } };

async function parts(stream) {
  const received = [];
  for await (const part of stream.fullStream) received.push(part);
  return received;
}

test("text and thinking, streamed and whole", async (t) => {
  const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: WORDS }], { usage: { input: 30, output: 7 } })]);
  const whole = await generateText({ ...options(url), prompt: "Hello", providerOptions: THINKING });
  assert.deepEqual([whole.text, whole.reasoningText, whole.finishReason], [WORDS, "Hm.", "stop"]);
  const stream = streamText({ ...options(url), prompt: "Hello", providerOptions: THINKING });
  const received = await parts(stream);
  assert.deepEqual(received.filter((part) => part.type === "error"), []);
  assert.deepEqual([await stream.text, await stream.reasoningText, await stream.finishReason], [WORDS, "Hm.", "stop"]);
  const usage = await stream.usage;
  assert.deepEqual([usage.inputTokens, usage.outputTokens], [30, 7]);
});

for (const stream of [false, true]) {
  test(`the SDK's own tool loop runs two calls and comes to an end, stream: ${stream}`, async (t) => {
    const both = [call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", {})];
    const url = await gateway(t, [answer(both), answer([{ text: "Noon and dry." }])]);
    const asked = [];
    const runnable = (name) => tool({
      description: `Does ${name}.`,
      inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } } }),
      execute: async (input) => {
        asked.push([name, input]);
        return "fine";
      },
    });
    const tools = { get_weather: runnable("get_weather"), get_time: runnable("get_time") };
    const request = { ...options(url), prompt: "Weather and time?", tools, stopWhen: stepCountIs(3) };
    const result = stream ? streamText(request) : await generateText(request);
    if (stream) assert.deepEqual((await parts(result)).filter((part) => part.type.endsWith("error")), []);
    assert.equal(await result.text, "Noon and dry.");
    assert.deepEqual(asked, [["get_weather", { city: "Paris" }], ["get_time", {}]]);
  });
}

test("a failure in the middle is an error part", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = await parts(streamText({ ...options(url), prompt: "Hello", onError() {} }));
  assert.equal(received.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "so far ");
  assert.equal(received.filter((part) => part.type === "error").length, 1);
});

test("a stream that is kept alive by pings is whole", async (t) => {
  const url = await gateway(t, [answer([{ text: "one " }, { delay_ms: 1500 }, { more: "two" }])], { WARP2API_HEARTBEAT: "300ms" });
  const stream = streamText({ ...options(url), prompt: "Hello" });
  assert.deepEqual((await parts(stream)).filter((part) => part.type === "error"), []);
  assert.equal(await stream.text, "one two");
});

test("an object by schema", async (t) => {
  const url = await gateway(t, [answer([call("json", "c1", { word: "okapi" })]), answer([{ text: '{"word":"okapi"}' }])]);
  const schema = jsonSchema({ type: "object", properties: { word: { type: "string" } }, required: ["word"] });
  const { object } = await generateObject({ ...options(url), prompt: "A word", schema });
  assert.deepEqual(object, { word: "okapi" });
});
