// What Google's official SDK for Node makes of answers and failures, streamed and whole.

import assert from "node:assert/strict";
import test from "node:test";

import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";

import { abandoned, gateway } from "./gateway.mjs";
import { client as declared, version } from "./shows.mjs";
import { FACT, HEARTBEAT, OSLO, PIXEL, WORDS, answer, call, impatient, minute, silence } from "./steps.mjs";

impatient();
const shows = declared("@google/genai (Node)", version("@google/genai"));
const TOOLS = [
  {
    functionDeclarations: [
      declaration("get_weather", { city: { type: "STRING" } }),
      declaration("get_time", { zone: { type: "STRING" } }),
    ],
  },
];

function declaration(name, properties) {
  return { name, description: `Does ${name}.`, parameters: { type: "OBJECT", properties, required: Object.keys(properties) } };
}

function models(url, options = {}) {
  const httpOptions = { baseUrl: url.replace(/\/v1$/, ""), timeout: 30_000 };
  return new GoogleGenAI({ apiKey: "any", httpOptions, ...options }).models;
}

const ask = (contents, config = {}) => ({ model: "auto", contents, config });

/** The chunks of an answer; one when it is not streamed. */
async function chunks(sdk, request, stream = true) {
  if (!stream) return [await sdk.generateContent(request)];
  const received = [];
  for await (const chunk of await sdk.generateContentStream(request)) received.push(chunk);
  return received;
}

const parts = (received, index = 0) =>
  received.flatMap((chunk) => chunk.candidates).filter((one) => (one.index ?? 0) === index)
    .flatMap((one) => one.content.parts);
const spoken = (received, index = 0) =>
  parts(received, index).filter((part) => !part.thought).map((part) => part.text ?? "").join("");

for (const stream of [false, true]) {
  shows(["text", "stream", "reasoning"], `the words, the thinking and the usage arrive, stream: ${stream}`, async (t) => {
    const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: [...WORDS] }])]);
    const received = await chunks(models(url), ask("Hello", { thinkingConfig: { includeThoughts: true } }), stream);
    assert.equal(spoken(received), WORDS);
    assert.equal(parts(received).filter((part) => part.thought).map((part) => part.text).join(""), "Hm.");
    const last = received.at(-1);
    assert.equal(last.candidates[0].finishReason, "STOP");
    assert.ok(last.usageMetadata.promptTokenCount > 0 && last.usageMetadata.totalTokenCount > 0);
    assert.ok(received.slice(0, -1).every((chunk) => !chunk.usageMetadata));
    assert.ok(!parts(await chunks(models(url), ask("Hello"), stream)).some((part) => part.thought));
  });

  shows(["parallel tools"], `two calls in one answer, and their results, stream: ${stream}`, async (t) => {
    const both = [{ text: "Looking." }, call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", { zone: "CET" })];
    const url = await gateway(t, [answer(both), answer([{ text: "Noon and dry." }])]);
    const received = await chunks(models(url), ask("Hello", { tools: TOOLS }), stream);
    const calls = received.flatMap((chunk) => chunk.functionCalls ?? []);
    assert.deepEqual(calls.map((one) => [one.name, one.args]), [["get_weather", { city: "Paris" }], ["get_time", { zone: "CET" }]]);
    assert.equal(new Set(calls.map((one) => one.id)).size, 2);
    const history = [
      { role: "user", parts: [{ text: "Weather and time?" }] },
      { role: "model", parts: parts(received) },
      { role: "user", parts: calls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: "fine" } } })) },
    ];
    assert.equal(spoken(await chunks(models(url), ask(history, { tools: TOOLS }), stream)), "Noon and dry.");
  });

  test(`several candidates, a stop sequence and a length, stream: ${stream}`, async (t) => {
    const url = await gateway(t, [answer([{ text: ["one two E", "ND three four five six"] }])]);
    const several = await chunks(models(url), ask("Hello", { candidateCount: 2 }), stream);
    assert.deepEqual([spoken(several, 0), spoken(several, 1)], Array(2).fill("one two END three four five six"));
    assert.equal(spoken(await chunks(models(url), ask("Hello", { stopSequences: ["END"] }), stream)), "one two ");
    const short = await chunks(models(url), ask("Hello", { maxOutputTokens: 2 }), stream);
    assert.equal(short.at(-1).candidates[0].finishReason, "MAX_TOKENS");
  });
}

test("a choice of tools is honoured", async (t) => {
  const url = await gateway(t);
  const called = async (config) => {
    const toolConfig = { functionCallingConfig: config };
    const received = await chunks(models(url), ask("call 2 tools", { tools: TOOLS, toolConfig }));
    return received.flatMap((chunk) => chunk.functionCalls ?? []).map((one) => one.name);
  };
  assert.deepEqual(await called({ mode: FunctionCallingConfigMode.NONE }), []);
  const only = await called({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_time"] });
  assert.deepEqual([...new Set(only)], ["get_time"]);
});

test("a chat remembers what was said", async (t) => {
  const url = await gateway(t, [answer([{ text: ["Fi", "rst."] }]), answer([{ text: "Second." }])]);
  const httpOptions = { baseUrl: url.replace(/\/v1$/, "") };
  const chat = new GoogleGenAI({ apiKey: "any", httpOptions }).chats.create({ model: "auto" });
  let first = "";
  for await (const chunk of await chat.sendMessageStream({ message: "one" })) first += chunk.text ?? "";
  assert.equal(first, "First.");
  assert.equal((await chat.sendMessage({ message: "two" })).text, "Second.");
  const said = chat.getHistory(true).filter((content) => content.role === "model").flatMap((content) => content.parts);
  assert.equal(said.map((part) => part.text).join(""), "First.Second.");
});

shows(["image"], "pictures, instructions, counts and models", async (t) => {
  const url = await gateway(t);
  const picture = [{ inlineData: { mimeType: "image/png", data: PIXEL } }, { text: "describe the image" }];
  assert.match((await models(url).generateContent(ask(picture))).text, /image\/png/);
  const told = await models(url).generateContent(ask("instructions", { systemInstruction: "The word is quagga-7." }));
  assert.match(told.text, /quagga-7/);
  const { totalTokens } = await models(url).countTokens({ model: "auto", contents: "Hi there" });
  assert.ok(totalTokens > 0);
  const names = [];
  for await (const model of await models(url).list({ config: { pageSize: 7 } })) names.push(model.name);
  assert.ok(names.includes("models/auto") && new Set(names).size === names.length && names.length > 7);
  assert.equal((await models(url).get({ model: "auto" })).name, "models/auto");
});

const FAILURES = [
  ["a bad request", {}, { contents: [{ role: "robot", parts: [{ text: "x" }] }] }, 400, "INVALID_ARGUMENT"],
  ["an unknown model", {}, { model: "no-such-model" }, 404, "NOT_FOUND"],
  ["a refusal", { status: 403 }, {}, 403, "PERMISSION_DENIED"],
  ["a rate limit", { status: 429 }, {}, 429, "RESOURCE_EXHAUSTED"],
  ["spent credits", { status: 429, headers: { "x-warp-error-code": "OUT_OF_CREDITS" } }, {}, 429, "RESOURCE_EXHAUSTED"],
  ["an upstream that is down", { status: 503 }, {}, 503, "UNAVAILABLE"],
  ["a context that is full", { steps: [{ finish: { reason: "context_window_exceeded" } }] }, {}, 400, "INVALID_ARGUMENT"],
];

for (const [name, exchange, wrong, code, status] of FAILURES) {
  shows(["error classes"], `${name} is the right error`, async (t) => {
    const url = await gateway(t, [exchange]);
    for (const stream of [false, true]) {
      await assert.rejects(chunks(models(url), { ...ask("Hello"), ...wrong }, stream), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, code);
        const { error: told } = JSON.parse(error.message);
        assert.deepEqual([told.code, told.status], [code, status]);
        return true;
      });
    }
  });
}

shows(["error classes"], "a wrong key is refused", async (t) => {
  const url = await gateway(t, undefined, { API_TOKEN: "right-key" });
  await assert.rejects(models(url).generateContent(ask("Hi")), (error) => error.status === 401);
  assert.ok((await models(url, { apiKey: "right-key" }).generateContent(ask("Hi"))).text);
});

test("a failure in the middle is thrown after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = [];
  await assert.rejects(async () => {
    for await (const chunk of await models(url).generateContentStream(ask("Hello"))) received.push(chunk);
  });
  assert.equal(spoken(received.filter((chunk) => chunk.candidates)), "so far ");
});

test("a failure that comes together with text is thrown too", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, "cut"] }]);
  await assert.rejects(chunks(models(url), ask("Hello")));
});

shows(["long silence"], "a long silence is bridged", async (t) => {
  const url = await gateway(t, [silence()], HEARTBEAT);
  assert.equal(spoken(await chunks(models(url), ask("Hello"))), "before after");
});

shows(["cancel"], "a client that goes away leaves the gateway well", async (t) => {
  const url = await gateway(t, [minute(), answer([{ text: "Still here." }])]);
  const leaving = new AbortController();
  const stream = await models(url).generateContentStream(ask("Hello", { abortSignal: leaving.signal }));
  await assert.rejects(async () => {
    for await (const chunk of stream) if (chunk.text) leaving.abort();
  });
  assert.ok(await abandoned(t));
  assert.equal((await models(url).generateContent(ask("Hello"))).text, "Still here.");
});

shows(["one tool"], "a tool's result goes back", async (t) => {
  const url = await gateway(t);
  const question = { role: "user", parts: [{ text: "call get_weather" }] };
  const first = await models(url).generateContent(ask([question], { tools: TOOLS }));
  const [{ id, name, args }] = first.functionCalls;
  assert.equal(typeof args.city, "string");
  const result = { role: "user", parts: [{ functionResponse: { id, name, response: { output: "okapi-9 degrees" } } }] };
  const history = [question, first.candidates[0].content, result];
  assert.match((await models(url).generateContent(ask(history, { tools: TOOLS }))).text, /okapi-9 degrees/);
});

shows(["structured output"], "an answer by a schema", async (t) => {
  const url = await gateway(t, [answer([{ text: JSON.stringify(OSLO) }])]);
  const config = { responseMimeType: "application/json", responseJsonSchema: FACT };
  assert.deepEqual(JSON.parse((await models(url).generateContent(ask("Where?", config))).text), OSLO);
});
