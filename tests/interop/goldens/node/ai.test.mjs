// The Vercel AI SDK, the strictest reader of all, reads the stream of every capture by three of its providers.

import assert from "node:assert/strict";
import test from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { jsonSchema, streamText, tool } from "ai";

import { CAPTURES, replayed, silent, told } from "./replay.mjs";

// The tools that the captures call.
const TOOLS = Object.fromEntries(
  ["get_weather", "noop", "read"].map((name) => [name, tool({ inputSchema: jsonSchema({ type: "object" }) })]),
);
const PROVIDERS = {
  "openai-compatible": [(url) => createOpenAICompatible({ name: "x", baseURL: url, apiKey: "any" })("auto"), "context_window_exceeded"],
  "openai (Responses)": [(url) => createOpenAI({ baseURL: url, apiKey: "any" }).responses("auto")],
  anthropic: [(url) => createAnthropic({ baseURL: url, apiKey: "any" })("auto"), "context_window_exceeded"],
};

for (const [name, [model, ...fine]] of Object.entries(PROVIDERS)) {
  test(name, async (t) => {
    const url = await replayed(t);
    for (const capture of CAPTURES) {
      await t.test(capture, async () => {
        const heard = silent();
        let usage = null;
        const request = { model: model(`${url}/${capture}/v1`), prompt: "x", tools: TOOLS, maxRetries: 0, onError() {} };
        for await (const part of streamText(request).fullStream) {
          if (part.type === "text-delta") heard.text += part.text;
          if (part.type === "reasoning-delta") heard.reasoning += part.text;
          if (part.type === "tool-call") heard.calls.push([part.toolCallId, part.toolName, part.input]);
          if (part.type === "error") heard.failed = true;
          if (part.type === "finish") usage = [part.totalUsage.inputTokens, part.totalUsage.outputTokens];
        }
        const expected = told(capture, heard, ...fine);
        heard.usage = expected.usage && usage;
        assert.deepEqual(heard, expected);
      });
    }
  });
}
