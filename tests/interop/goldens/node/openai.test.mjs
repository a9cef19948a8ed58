// OpenAI's SDK for Node reads the stream of every capture, over Chat Completions and over the Responses API.

import assert from "node:assert/strict";
import test from "node:test";

import OpenAI from "openai";

import { CAPTURES, replayed, silent, told } from "./replay.mjs";

const sdk = (url, capture) => new OpenAI({ baseURL: `${url}/${capture}/v1`, apiKey: "any", maxRetries: 0, timeout: 10_000 });

test("Chat Completions", async (t) => {
  const url = await replayed(t);
  for (const capture of CAPTURES) {
    await t.test(capture, async () => {
      const heard = silent();
      const calls = [];
      let usage = null;
      try {
        for await (const chunk of await sdk(url, capture).chat.completions.create({ model: "auto", messages: [], stream: true })) {
          if (chunk.usage) usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
          for (const { delta } of chunk.choices) {
            heard.text += delta.content ?? "";
            heard.reasoning += delta.reasoning_content ?? "";
            for (const { index, id = "", function: part } of delta.tool_calls ?? []) {
              const call = (calls[index] ??= ["", "", ""]);
              [id, part.name ?? "", part.arguments ?? ""].forEach((more, at) => (call[at] += more));
            }
          }
        }
      } catch (error) {
        assert.ok(error instanceof OpenAI.APIError, String(error));
        heard.failed = true;
      }
      heard.calls = calls.map(([id, name, input]) => [id, name, JSON.parse(input)]);
      const expected = told(capture, heard, "context_window_exceeded");
      heard.usage = expected.usage && usage;
      assert.deepEqual(heard, expected);
    });
  }
});

test("Responses", async (t) => {
  const url = await replayed(t);
  for (const capture of CAPTURES) {
    await t.test(capture, async () => {
      const heard = silent();
      let last;
      for await (const event of sdk(url, capture).responses.stream({ model: "auto", input: "x" })) {
        last = event;
        if (event.type === "response.output_text.delta") heard.text += event.delta;
        if (event.type === "response.reasoning_summary_text.delta") heard.reasoning += event.delta;
        if (event.type === "response.output_item.done" && event.item.type === "function_call") {
          heard.calls.push([event.item.call_id, event.item.name, JSON.parse(event.item.arguments)]);
        }
      }
      assert.match(last.type, /^response\.(completed|incomplete|failed)$/);
      heard.failed = last.response.status === "failed";
      const expected = told(capture, heard);
      const { usage } = last.response;
      heard.usage = expected.usage && [usage.input_tokens, usage.output_tokens];
      assert.deepEqual(heard, expected);
    });
  }
});
