// The Vercel AI SDK by its provider for servers that speak OpenAI's Chat Completions.

import assert from "node:assert/strict";
import test from "node:test";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

import { abilities, parts } from "./abilities.mjs";
import { gateway } from "./gateway.mjs";
import { client, version } from "./shows.mjs";

const provider = (baseURL, apiKey, model) => ({
  model: createOpenAICompatible({ name: "warp", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true })(model),
});

abilities(client("AI SDK, openai-compatible", version("@ai-sdk/openai-compatible")), provider);

test("a failure in the middle is an error part after the text that came", async (t) => {
  const url = await gateway(t, [{ steps: [{ text: "so far " }, { delay_ms: 300 }, "cut"] }]);
  const received = await parts(streamText({ ...provider(url, "any", "auto"), prompt: "Hello", maxRetries: 0, onError() {} }));
  assert.equal(received.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "so far ");
  assert.equal(received.filter((part) => part.type === "error").length, 1);
});
