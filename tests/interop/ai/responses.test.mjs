// The Vercel AI SDK by its provider for OpenAI, which speaks the Responses API.

import assert from "node:assert/strict";
import test from "node:test";

import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";

import { abilities, parts } from "./abilities.mjs";
import { gateway } from "./gateway.mjs";
import { client, version } from "./shows.mjs";

const provider = (baseURL, apiKey, model) => ({
  model: createOpenAI({ baseURL, apiKey }).responses(model),
  // The provider knows models that reason by their names, and asks only those to.
  providerOptions: { openai: { reasoningSummary: "auto", forceReasoning: true } },
});

abilities(client("AI SDK, openai (Responses)", version("@ai-sdk/openai")), provider);

test("a failure in the middle is an error part after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = await parts(streamText({ ...provider(url, "any", "auto"), prompt: "Hello", maxRetries: 0, onError() {} }));
  assert.equal(received.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "so far ");
  assert.equal(received.filter((part) => part.type === "error").length, 1);
});

test("a conversation goes on from a kept answer", async (t) => {
  const url = await gateway(t);
  const first = await generateText({ ...provider(url, "any", "auto"), prompt: "Hello", maxRetries: 0 });
  const { responseId } = first.providerMetadata.openai;
  const { model } = provider(url, "any", "auto");
  const again = { model, prompt: "Where is okapi-9?", maxRetries: 0, providerOptions: { openai: { previousResponseId: responseId } } };
  assert.match((await generateText(again)).text, /okapi-9/);
});
