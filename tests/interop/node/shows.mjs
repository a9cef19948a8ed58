// By this a test says what it proves of a client: which cells of the table in README.md. What the plugin shows.py is to
// the suites in Python, this is to those in Node; it writes the same lines to the file that WARP2API_CELLS names.

import { appendFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import test from "node:test";

const TABLE = JSON.parse(readFileSync(process.env.WARP2API_TABLE ?? join(import.meta.dirname, "../table.json"), "utf8"));

/** The version of an installed package, which stands below the working directory. */
export function version(name) {
  return JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")).version;
}

/**
 * For a client, as table.json spells it, and its version: a function that is called as `test` is, with the abilities
 * that the test proves before the title.
 */
export function client(name, version) {
  const row = TABLE.clients.find((one) => one.name === name);
  if (!row || !version) throw new Error(`table.json has no client ${name}, or its version is unknown`);
  return function shows(abilities, title, body) {
    for (const ability of abilities) {
      if (!TABLE.abilities.includes(ability) || ability in row.cannot) {
        throw new Error(`${title}: table.json has no \`${ability}\` that ${name} could show`);
      }
    }
    const record = (outcome) => {
      if (!process.env.WARP2API_CELLS) return;
      const lines = abilities.map((ability) =>
        JSON.stringify({ client: name, version, ability, test: `${basename(process.argv[1])}: ${title}`, outcome }));
      appendFileSync(process.env.WARP2API_CELLS, lines.map((line) => `${line}\n`).join(""));
    };
    return test(title, async (t) => {
      // What is not followed by "passed" has failed, in whatever way.
      record("started");
      await body(t);
      // Behind whatever the body has put there, such as the end of its gateway; not reached when that fails.
      t.after(() => record("passed"));
    });
  };
}
