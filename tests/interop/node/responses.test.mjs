// What the official Node SDK makes of the other API: answers, streams, tools, kept answers and failures.

import assert from "node:assert/strict";
import test from "node:test";

import OpenAI from "openai";

import { abandoned, gateway } from "./gateway.mjs";
import { client as declared, version } from "./shows.mjs";
import { FACT, HEARTBEAT, OSLO, PIXEL, WORDS, answer, call, impatient, minute, silence } from "./steps.mjs";

impatient();
const shows = declared("openai (Node), Responses", version("openai"));
const WEATHER = tool("get_weather", { city: { type: "string" } });
const CLOCK = tool("get_time", { zone: { type: "string" } });

function tool(name, properties) {
  return { type: "function", name, parameters: { type: "object", properties, required: Object.keys(properties) }, strict: false };
}

function client(baseURL, options = {}) {
  return new OpenAI({ baseURL, apiKey: "any", maxRetries: 0, timeout: 30_000, ...options });
}

const ask = (input, options = {}) => ({ model: "auto", input, ...options });

shows(["text", "stream", "reasoning"], "a streamed answer is the whole answer", async (t) => {
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

shows(["parallel tools"], "parallel calls come through the stream helper and their results go back", async (t) => {
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

shows(["error classes"], "failures are what programs catch", async (t) => {
  const sdk = client(await gateway(t));
  const refused = (request, kind, expected) =>
    assert.rejects(sdk.responses.create(request), (error) => {
      assert.equal(error.constructor, kind);
      assert.deepEqual({ ...expected, ...error.error }, { ...error.error, ...expected });
      return error.error.message.length > 10;
    });
  for (const stream of [false, true]) {
    await refused(ask("fail quota", { stream }), OpenAI.RateLimitError, { code: "insufficient_quota" });
    await refused(ask([], { stream }), OpenAI.BadRequestError, { param: "input" });
    await refused(ask("Hello", { stream, model: "no-such-model" }), OpenAI.NotFoundError, { code: "model_not_found" });
    await refused(ask("fail 503", { stream }), OpenAI.InternalServerError, { code: "service_unavailable" });
  }
  const events = [];
  for await (const event of await sdk.responses.create(ask("cut", { stream: true }))) events.push(event);
  assert.equal(events.at(-1).type, "response.failed");
  assert.equal(events.at(-1).response.error.code, "upstream_truncated");
});

shows(["error classes"], "a wrong key is an authentication error", async (t) => {
  const url = await gateway(t, undefined, { API_TOKEN: "right-key" });
  await assert.rejects(client(url).responses.create(ask("Hello")), OpenAI.AuthenticationError);
  assert.ok((await client(url, { apiKey: "right-key" }).responses.create(ask("Hello"))).output_text);
});

shows(["one tool"], "a tool's result goes back as history", async (t) => {
  const sdk = client(await gateway(t));
  const first = await sdk.responses.create(ask("call get_weather", { tools: [WEATHER] }));
  const [made] = first.output;
  const result = { type: "function_call_output", call_id: made.call_id, output: "okapi-9 degrees" };
  const history = [{ role: "user", content: "call get_weather" }, made, result];
  assert.match((await sdk.responses.create(ask(history, { tools: [WEATHER] }))).output_text, /okapi-9 degrees/);
});

shows(["image"], "an image reaches the upstream", async (t) => {
  const image = { type: "input_image", image_url: `data:image/png;base64,${PIXEL}`, detail: "auto" };
  const content = [{ type: "input_text", text: "describe the image" }, image];
  const said = await client(await gateway(t)).responses.create(ask([{ role: "user", content }]));
  assert.match(said.output_text, /1 image.*image\/png/);
});

shows(["structured output"], "an answer by a schema", async (t) => {
  const sdk = client(await gateway(t, [answer([{ text: JSON.stringify(OSLO) }])]));
  const format = { type: "json_schema", name: "fact", strict: true, schema: FACT };
  const request = ask("Where?", { text: { format: { ...format, $brand: "auto-parseable-response-format", $parseRaw: JSON.parse } } });
  assert.deepEqual((await sdk.responses.parse(request)).output_parsed, OSLO);
  assert.deepEqual((await sdk.responses.stream(request).finalResponse()).output_parsed, OSLO);
});

shows(["cancel"], "a client that goes away ends the upstream's answer", async (t) => {
  const sdk = client(await gateway(t, [minute(), answer([{ text: "Still here." }])]));
  const stream = await sdk.responses.create(ask("Hello", { stream: true }));
  for await (const event of stream) if (event.type === "response.output_text.delta") break;
  stream.controller.abort();
  assert.ok(await abandoned(t));
  assert.equal((await sdk.responses.create(ask("Hello"))).output_text, "Still here.");
});

shows(["long silence"], "a silence longer than the client's patience is bridged", async (t) => {
  const sdk = client(await gateway(t, [silence()], HEARTBEAT));
  assert.equal((await sdk.responses.stream(ask("Hello")).finalResponse()).output_text, "before after");
});
