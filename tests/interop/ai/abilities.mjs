// What the Vercel AI SDK shows by any of its providers: one test an ability. Its parser is the strictest there is. What
// only one provider does is in the tests of that provider.

import assert from "node:assert/strict";

import { APICallError, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

import { abandoned, gateway } from "./gateway.mjs";
import { FACT, HEARTBEAT, OSLO, PIXEL, WORDS, answer, call, impatient, minute, silence } from "./steps.mjs";

/** All parts of a stream. */
export async function parts(said) {
  const received = [];
  for await (const part of said.fullStream) received.push(part);
  return received;
}

/**
 * Declares the tests. `shows` is the client's (shows.mjs); `provider` makes the options of a request from the base URL
 * and the key; `structured` are further options for an answer by a schema.
 */
export function abilities(shows, provider, structured = {}) {
  impatient();
  const options = (url, more = {}, key = "any", model = "auto") => ({ maxRetries: 0, ...provider(url, key, model), ...more });

  shows(["text", "stream", "reasoning"], "text, reasoning and usage, whole and streamed", async (t) => {
    const url = await gateway(t, [answer([{ reasoning: "Hm." }, { text: [...WORDS] }], { usage: { input: 30, output: 7 } })]);
    const whole = await generateText(options(url, { prompt: "Hello" }));
    assert.deepEqual([whole.text, whole.reasoningText, whole.finishReason], [WORDS, "Hm.", "stop"]);
    const said = streamText(options(url, { prompt: "Hello" }));
    assert.deepEqual((await parts(said)).filter((part) => part.type === "error"), []);
    assert.deepEqual([await said.text, await said.reasoningText, await said.finishReason], [WORDS, "Hm.", "stop"]);
    for (const usage of [whole.usage, await said.usage]) assert.deepEqual([usage.inputTokens, usage.outputTokens], [30, 7]);
  });

  /** Runs the SDK's own tool loop; gives what was called. */
  async function loop(url, stream, ...names) {
    const asked = [];
    const runnable = (name) => tool({
      description: `Does ${name}.`,
      inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" }, zone: { type: "string" } } }),
      execute: async (input) => {
        asked.push([name, input]);
        return "fine";
      },
    });
    const tools = Object.fromEntries(names.map((name) => [name, runnable(name)]));
    const request = options(url, { prompt: "Weather?", tools, stopWhen: stepCountIs(4) });
    const said = stream ? streamText(request) : await generateText(request);
    if (stream) assert.deepEqual((await parts(said)).filter((part) => part.type.endsWith("error")), []);
    assert.equal((await said.steps).length, 2);
    return [asked, await said.text];
  }

  for (const stream of [false, true]) {
    shows(["one tool"], `a call is run and its result goes back, stream: ${stream}`, async (t) => {
      const expect = { input: { user_inputs: { inputs: [{ tool_call_result: { tool_call_id: "c1" } }] } } };
      const url = await gateway(t, [answer([call("get_weather", "c1", { city: "Paris" })]), { ...answer([{ text: "Dry." }]), expect }]);
      assert.deepEqual(await loop(url, stream, "get_weather"), [[["get_weather", { city: "Paris" }]], "Dry."]);
    });

    shows(["parallel tools"], `two calls in one answer are run and come to an end, stream: ${stream}`, async (t) => {
      const inputs = ["c1", "c2"].map((id) => ({ tool_call_result: { tool_call_id: id } }));
      const both = [{ text: "Looking." }, call("get_weather", "c1", { city: "Paris" }), call("get_time", "c2", {})];
      const url = await gateway(t, [answer(both), { ...answer([{ text: "Noon and dry." }]), expect: { input: { user_inputs: { inputs } } } }]);
      const asked = [["get_weather", { city: "Paris" }], ["get_time", {}]];
      assert.deepEqual(await loop(url, stream, "get_weather", "get_time"), [asked, "Noon and dry."]);
    });
  }

  shows(["image"], "an image reaches the upstream", async (t) => {
    const content = [{ type: "text", text: "describe the image" }, { type: "image", image: PIXEL, mediaType: "image/png" }];
    const said = await generateText(options(await gateway(t), { messages: [{ role: "user", content }] }));
    assert.match(said.text, /1 image.*image\/png/);
  });

  shows(["structured output"], "an object by a schema", async (t) => {
    const url = await gateway(t, [answer([{ text: JSON.stringify(OSLO) }])]);
    const said = await generateObject(options(url, { prompt: "Where?", schema: jsonSchema(FACT), ...structured }));
    assert.deepEqual(said.object, OSLO);
  });

  const refused = (request, status, words, retryable) =>
    assert.rejects(generateText(request), (error) => {
      assert.ok(APICallError.isInstance(error), String(error));
      assert.deepEqual([error.statusCode, error.isRetryable], [status, retryable], error.message);
      assert.match(error.message, words);
      return true;
    });

  shows(["error classes"], "refusals are API errors with the gateway's message", async (t) => {
    const url = await gateway(t, undefined, { API_TOKEN: "right-key" });
    const ask = (prompt, model) => options(url, { prompt }, "right-key", model);
    await refused(options(url, { prompt: "Hello" }), 401, /key/i, false);
    await refused(ask("Hello", "no-such-model"), 404, /no-such-model/, false);
    await refused(ask("fail quota"), 429, /credits/i, true);
    await refused(ask("fail 503"), 503, /./, true);
    await refused(ask("fail context"), 400, /context|too long/i, false);
    const tools = { broken: tool({ inputSchema: jsonSchema({ type: "string" }) }) };
    await refused({ ...ask("Hello"), tools }, 400, /broken/, false);
  });

  shows(["cancel"], "an answer that is given up ends upstream", async (t) => {
    const url = await gateway(t, [minute(), answer([{ text: "Still here." }])]);
    const leaving = new AbortController();
    const said = streamText(options(url, { prompt: "Hello", abortSignal: leaving.signal }));
    const kinds = [];
    for await (const part of said.fullStream) {
      kinds.push(part.type);
      if (part.type === "text-delta") leaving.abort();
    }
    assert.equal(kinds.at(-1), "abort");
    assert.ok(await abandoned(t));
    assert.equal((await generateText(options(url, { prompt: "Hello" }))).text, "Still here.");
  });

  shows(["long silence"], "a silence longer than the client's patience is bridged", async (t) => {
    const said = streamText(options(await gateway(t, [silence()], HEARTBEAT), { prompt: "Hello" }));
    assert.deepEqual((await parts(said)).filter((part) => part.type === "error"), []);
    assert.equal(await said.text, "before after");
  });
}
