// Short ways to write the exchanges that the embedded upstream plays, and what all suites send and expect.

import { Agent, setGlobalDispatcher } from "undici";

export const WORDS = "Grüße, 世界 👋🏽!\nA second line, with \u2028 in it. The end";
/** A picture of one pixel. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/** A schema, and an answer by it. */
export const FACT = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
export const OSLO = { city: "Oslo", days: 3 };

export const answer = (steps, finish = {}) => ({ steps: [...steps, { finish }] });
export const call = (name, id, args) => ({ tool_call: { name, id, arguments: args } });
/** A minute of words, which nobody is expected to read to their end. */
export const minute = () => answer([{ pace_ms: 100 }, { text: "word ".repeat(600) }]);
/** The upstream has nothing to say for six seconds. */
export const silence = () => answer([{ text: "before " }, { delay_ms: 6000 }, { text: "after" }]);
export const HEARTBEAT = { WARP2API_HEARTBEAT: "500ms" };

/** Has `fetch` bear no more than three seconds without a byte in this process, instead of its five minutes. */
export function impatient() {
  setGlobalDispatcher(new Agent({ bodyTimeout: 3000, headersTimeout: 3000 }));
}
