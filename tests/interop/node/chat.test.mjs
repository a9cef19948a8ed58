// What the official Node SDK makes of answers and failures, streamed and whole.

import assert from "node:assert/strict";
import test from "node:test";

import OpenAI from "openai";

import { abandoned, gateway } from "./gateway.mjs";
import { client as declared, version } from "./shows.mjs";
import { FACT, HEARTBEAT, OSLO, PIXEL, WORDS, answer, call, impatient, minute, silence } from "./steps.mjs";

impatient();
const shows = declared("openai (Node), Chat Completions", version("openai"));
const WEATHER = tool("get_weather", { city: { type: "string" } });
const CLOCK = tool("get_time", { zone: { type: "string" } });

function tool(name, properties) {
  const parameters = { type: "object", properties, required: Object.keys(properties) };
  return { type: "function", function: { name, description: `Does ${name}.`, parameters } };
}

function client(baseURL, options = {}) {
  return new OpenAI({ baseURL, apiKey: "any", maxRetries: 0, timeout: 30_000, ...options });
}

const ask = (content, options = {}) => ({ model: "auto", messages: [{ role: "user", content }], ...options });

async function chunks(stream) {
  const received = [];
  for await (const chunk of stream) received.push(chunk);
  return received;
}

const text = (received, index = 0) =>
  received.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index)
    .map((choice) => choice.delta.content ?? "").join("");

shows(["text", "stream", "reasoning"], "a streamed answer is the whole answer, and usage comes last when asked for", async (t) => {
  const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: WORDS }])]);
  const whole = await client(url).chat.completions.create(ask("Hello"));
  assert.equal(whole.choices[0].message.content, WORDS);
  assert.equal(whole.choices[0].message.reasoning_content, "Hm.");
  const options = { stream: true, stream_options: { include_usage: true } };
  const received = await chunks(await client(url).chat.completions.create(ask("Hello", options)));
  assert.equal(text(received), WORDS);
  assert.equal(received.flatMap((chunk) => chunk.choices).map((choice) => choice.delta.reasoning_content ?? "").join(""), "Hm.");
  const last = received.pop();
  assert.deepEqual([last.choices, last.usage], [[], whole.usage]);
  assert.ok(received.every((chunk) => !chunk.usage));
  assert.equal(received.at(-1).choices[0].finish_reason, "stop");
});

test("the stream helper puts text and calls together", async (t) => {
  const steps = [{ text: WORDS }, call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", { zone: "CET" })];
  const url = await gateway(t, [answer(steps)]);
  const final = await client(url).chat.completions.stream(ask("Hello", { tools: [WEATHER, CLOCK] })).finalChatCompletion();
  const { message, finish_reason: reason } = final.choices[0];
  assert.equal(message.content, WORDS);
  assert.equal(reason, "tool_calls");
  assert.deepEqual(message.tool_calls.map((one) => one.function.name), ["get_weather", "get_time"]);
  assert.deepEqual(message.tool_calls.map((one) => JSON.parse(one.function.arguments)), [{ city: "Paris" }, { zone: "CET" }]);
  assert.equal(new Set(message.tool_calls.map((one) => one.id)).size, 2);
});

for (const stream of [false, true]) {
  shows(["one tool", "parallel tools"], `the SDK's own tool loop runs two calls and comes to an end, stream: ${stream}`, async (t) => {
    const both = [call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", { zone: "CET" })];
    const url = await gateway(t, [answer(both), answer([{ text: "Noon and dry." }])]);
    const asked = [];
    const runnable = (definition) => ({
      ...definition,
      function: {
        ...definition.function,
        parse: JSON.parse,
        function: (args) => {
          asked.push([definition.function.name, args]);
          return "fine";
        },
      },
    });
    const request = ask("Weather and time?", { stream, tools: [WEATHER, CLOCK].map(runnable) });
    const runner = client(url).chat.completions.runTools(request);
    assert.equal(await runner.finalContent(), "Noon and dry.");
    assert.deepEqual(asked, [["get_weather", { city: "Paris" }], ["get_time", { zone: "CET" }]]);
  });
}

test("several choices, a stop sequence and a length", async (t) => {
  const url = await gateway(t, [answer([{ text: ["one two E", "ND three four five six"] }])]);
  const sdk = client(url);
  const several = await chunks(await sdk.chat.completions.create(ask("Hello", { n: 2, stream: true })));
  assert.deepEqual([text(several, 0), text(several, 1)], Array(2).fill("one two END three four five six"));
  const stopped = await sdk.chat.completions.create(ask("Hello", { stop: ["END"] }));
  assert.deepEqual([stopped.choices[0].message.content, stopped.choices[0].finish_reason], ["one two ", "stop"]);
  const short = await sdk.chat.completions.create(ask("Hello", { max_tokens: 2 }));
  assert.equal(short.choices[0].finish_reason, "length");
  assert.ok("one two END".startsWith(short.choices[0].message.content) && short.choices[0].message.content);
});

test("the embedded upstream hears the question", async (t) => {
  const url = await gateway(t);
  const received = await chunks(await client(url).chat.completions.create(ask("Where is okapi-9?", { stream: true })));
  assert.match(text(received), /okapi-9/);
  const models = await client(url).models.list();
  assert.ok(models.data.some((model) => model.id === "auto"));
});

const FAILURES = [
  ["a bad request", {}, { messages: [] }, OpenAI.BadRequestError, null],
  ["an unknown model", {}, { model: "no-such-model" }, OpenAI.NotFoundError, "model_not_found"],
  ["a refusal", { status: 403 }, {}, OpenAI.PermissionDeniedError, "forbidden"],
  ["a rate limit", { status: 429 }, {}, OpenAI.RateLimitError, "rate_limit_exceeded"],
  ["spent credits", { status: 429, headers: { "x-warp-error-code": "OUT_OF_CREDITS" } }, {}, OpenAI.RateLimitError, "insufficient_quota"],
  ["an upstream that is down", { status: 503 }, {}, OpenAI.InternalServerError, "service_unavailable"],
  ["a context that is full", { steps: [{ finish: { reason: "context_window_exceeded" } }] }, {}, OpenAI.BadRequestError, "context_length_exceeded"],
];

for (const [name, exchange, wrong, kind, code] of FAILURES) {
  shows(["error classes"], `${name} is the right class of error`, async (t) => {
    const url = await gateway(t, [exchange]);
    for (const stream of [false, true]) {
      await assert.rejects(client(url).chat.completions.create({ ...ask("Hello"), ...wrong, stream }), (error) => {
        assert.equal(error.constructor, kind);
        assert.equal(error.code, code);
        assert.ok(error.requestID && error.error.message);
        return true;
      });
    }
  });
}

shows(["error classes"], "a wrong key is an authentication error", async (t) => {
  const url = await gateway(t, undefined, { API_TOKEN: "right-key" });
  await assert.rejects(client(url).models.list(), OpenAI.AuthenticationError);
  assert.ok((await client(url, { apiKey: "right-key" }).models.list()).data.length);
});

test("a failure in the middle is thrown after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = [];
  await assert.rejects(async () => {
    for await (const chunk of await client(url).chat.completions.create(ask("Hello", { stream: true }))) received.push(chunk);
  }, OpenAI.APIError);
  assert.equal(text(received), "so far ");
});

shows(["cancel"], "a client that goes away leaves the gateway well", async (t) => {
  const url = await gateway(t, [minute(), answer([{ text: "Still here." }])]);
  const stream = await client(url).chat.completions.create(ask("Hello", { stream: true }));
  for await (const chunk of stream) if (chunk.choices[0].delta.content) break;
  stream.controller.abort();
  assert.ok(await abandoned(t));
  const next = await client(url).chat.completions.create(ask("Hello"));
  assert.equal(next.choices[0].message.content, "Still here.");
});

shows(["image"], "an image reaches the upstream", async (t) => {
  const url = await gateway(t);
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
  const said = await client(url).chat.completions.create(ask([{ type: "text", text: "describe the image" }, image]));
  assert.match(said.choices[0].message.content, /1 image.*image\/png/);
});

shows(["structured output"], "an answer by a schema", async (t) => {
  const url = await gateway(t, [answer([{ text: JSON.stringify(OSLO) }])]);
  const format = { type: "json_schema", json_schema: { name: "fact", strict: true, schema: FACT } };
  const parsable = { ...format, $brand: "auto-parseable-response-format", $parseRaw: JSON.parse };
  const request = ask("Where?", { response_format: parsable });
  assert.deepEqual((await client(url).chat.completions.parse(request)).choices[0].message.parsed, OSLO);
  const streamed = await client(url).chat.completions.stream(request).finalChatCompletion();
  assert.deepEqual(streamed.choices[0].message.parsed, OSLO);
});

shows(["long silence"], "a silence longer than the client's patience is bridged", async (t) => {
  const url = await gateway(t, [silence()], HEARTBEAT);
  assert.equal(text(await chunks(await client(url).chat.completions.create(ask("Hello", { stream: true })))), "before after");
});
