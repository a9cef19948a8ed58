// A server that answers any request with a recorded stream, as replay.py does for the SDKs in Python. WARP2API_FIXTURES
// names the directory with the captures.

import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const FIXTURES = process.env.WARP2API_FIXTURES;
export const CAPTURES = readdirSync(join(FIXTURES, "captures")).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
if (CAPTURES.length < 29) throw new Error(`only ${CAPTURES.length} captures were found`);
const ENDINGS = {
  "/chat/completions": "openai_chat",
  "/responses": "openai_responses",
  "/messages": "anthropic",
  ":streamGenerateContent": "gemini",
};

/** Starts the server on a free port; gives its address. It ends with the test `t`. */
export async function replayed(t) {
  const server = createServer((request, response) => {
    const [path] = request.url.split("?");
    const [, dialect] = Object.entries(ENDINGS).find(([ending]) => path.endsWith(ending));
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.end(readFileSync(join(FIXTURES, dialect, "captures", `${path.split("/")[1]}.txt`)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** What nothing has been heard of yet. */
export const silent = () => ({ text: "", reasoning: "", calls: [], usage: null, failed: false });

/**
 * What a client must have understood of a capture, given what it has heard: that is the same, but for words that the
 * upstream takes back, which a stream's reader has heard before those that are left. `fine` are the finish reasons that
 * are no failure to it.
 */
export function told(capture, heard, ...fine) {
  const truth = JSON.parse(readFileSync(join(FIXTURES, "captures", `${capture}.json`), "utf8"));
  const retaken = "rollback_transaction" in truth.actions && heard.text.endsWith(truth.text);
  return {
    text: retaken ? heard.text : truth.text,
    reasoning: truth.reasoning,
    calls: truth.tool_calls.map((one) => [one.id, one.name, one.arguments]),
    usage: truth.usage && [truth.usage.input_tokens, truth.usage.output_tokens],
    failed: !truth.complete || !["done", "max_token_limit", ...fine].includes(truth.finish_reason),
  };
}
