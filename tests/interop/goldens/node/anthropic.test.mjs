// Anthropic's SDK for Node, an old and the newest, reads the stream of every capture.

import assert from "node:assert/strict";
import test from "node:test";

import { CAPTURES, replayed, silent, told } from "./replay.mjs";

for (const name of ["@anthropic-ai/sdk", "anthropic-sdk-old"]) {
  const { default: Anthropic } = await import(name);

  test(name, async (t) => {
    const url = await replayed(t);
    for (const capture of CAPTURES) {
      await t.test(capture, async () => {
        const heard = silent();
        const sdk = new Anthropic({ baseURL: `${url}/${capture}`, apiKey: "any", maxRetries: 0, timeout: 10_000 });
        const stream = sdk.messages.stream({ model: "auto", max_tokens: 100, messages: [{ role: "user", content: "x" }] });
        stream.on("text", (delta) => (heard.text += delta));
        stream.on("thinking", (delta) => (heard.reasoning += delta));
        let usage = null;
        try {
          const final = await stream.finalMessage();
          usage = [final.usage.input_tokens, final.usage.output_tokens];
          const calls = final.content.filter((block) => block.type === "tool_use");
          heard.calls = calls.map((block) => [block.id, block.name, block.input]);
        } catch (error) {
          assert.ok(error instanceof Anthropic.APIError, String(error));
          heard.failed = true;
        }
        const expected = told(capture, heard, "context_window_exceeded");
        heard.usage = expected.usage && usage;
        assert.deepEqual(heard, expected);
      });
    }
  });
}
