// Google's SDK for Node, an old line and the newest, reads the stream of every capture.

import assert from "node:assert/strict";
import test from "node:test";

import { CAPTURES, replayed, silent, told } from "./replay.mjs";

for (const name of ["@google/genai", "genai-old"]) {
  const { ApiError, GoogleGenAI } = await import(name);

  test(name, async (t) => {
    const url = await replayed(t);
    for (const capture of CAPTURES) {
      await t.test(capture, async () => {
        const heard = silent();
        const sdk = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: `${url}/${capture}`, timeout: 10_000 } });
        let usage = null;
        try {
          for await (const chunk of await sdk.models.generateContentStream({ model: "auto", contents: "x" })) {
            for (const part of chunk.candidates?.[0].content.parts ?? []) {
              heard[part.thought ? "reasoning" : "text"] += part.text ?? "";
              if (part.functionCall) heard.calls.push([part.functionCall.id, part.functionCall.name, part.functionCall.args]);
            }
            if (chunk.usageMetadata) usage = [chunk.usageMetadata.promptTokenCount, chunk.usageMetadata.candidatesTokenCount];
          }
        } catch (error) {
          // What stands behind an error in the stream is no JSON, which an SDK that overlooks the error stumbles over.
          assert.ok(error instanceof ApiError || /JSON/i.test(error.message), String(error));
          heard.failed = true;
        }
        const expected = told(capture, heard, "context_window_exceeded");
        heard.usage = expected.usage && usage;
        assert.deepEqual(heard, expected);
      });
    }
  });
}
