// The Vercel AI SDK by its provider for Anthropic.

import assert from "node:assert/strict";
import test from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { generateObject, jsonSchema, streamText } from "ai";

import { abilities, parts } from "./abilities.mjs";
import { gateway } from "./gateway.mjs";
import { client, version } from "./shows.mjs";
import { FACT, OSLO, answer, call } from "./steps.mjs";

const provider = (baseURL, apiKey, model) => ({
  model: createAnthropic({ baseURL, apiKey })(model),
  providerOptions: { anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } } },
});
// A schema and thinking do not go together here.
const structured = { providerOptions: { anthropic: { structuredOutputMode: "outputFormat" } } };

abilities(client("AI SDK, anthropic", version("@ai-sdk/anthropic")), provider, structured);

test("an object by a schema that is dressed as a tool", async (t) => {
  const url = await gateway(t, [answer([call("json", "c1", OSLO)]), answer([{ text: JSON.stringify(OSLO) }])]);
  const { model } = provider(url, "any", "auto");
  const providerOptions = { anthropic: { structuredOutputMode: "jsonTool" } };
  const said = await generateObject({ model, prompt: "Where?", schema: jsonSchema(FACT), providerOptions, maxRetries: 0 });
  assert.deepEqual(said.object, OSLO);
});

test("a failure in the middle is an error part after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = await parts(streamText({ ...provider(url, "any", "auto"), prompt: "Hello", maxRetries: 0, onError() {} }));
  assert.equal(received.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "so far ");
  assert.equal(received.filter((part) => part.type === "error").length, 1);
});
