// Starts the gateway as a user would, on a free port, and ends it by its process id.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const BINARY = resolve(process.env.WARP2API_BIN ?? join(import.meta.dirname, "../../../target/debug/warp2api"));
const PATIENCE = 30_000;
/** What the simulator logs when the reader of an answer has gone away. */
const ABANDONED = "went away before the end of its answer";
/** The lines that the gateway of each test has said. */
const LOGS = new WeakMap();

/**
 * A running `warp2api serve` before the embedded upstream. Given exchanges, the upstream plays them, the last one for
 * all requests that follow; without, it talks by itself. It ends with the test `t`.
 */
export async function gateway(t, exchanges, environment = {}) {
  const home = mkdtempSync(join(tmpdir(), "warp2api-interop-"));
  let upstream = "simulator:fast";
  if (exchanges) {
    const scenario = join(home, "scenario.json");
    writeFileSync(scenario, JSON.stringify({ exchanges }));
    upstream = `simulator:${scenario}`;
  }
  const child = spawn(BINARY, ["--upstream", upstream, "serve", "--listen", "127.0.0.1:0"], {
    cwd: home,
    env: {
      PATH: process.env.PATH, HOME: home, WARP2API_HOME: home, WARP2API_BRIDGE_LISTEN: "off",
      // What one request has done to the account is not to stand in the next one's way.
      WARP2API_LONGEST_REST: "1ms", ...environment,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = [];
  LOGS.set(t, said);
  const exited = new Promise((done) => child.once("exit", done));
  t.after(async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    const code = await exited;
    clearTimeout(late);
    rmSync(home, { recursive: true, force: true });
    if (code !== 0 || said.some((line) => line.includes("panicked"))) {
      throw new Error(`the gateway ended with ${code}:\n${said.join("\n")}`);
    }
  });
  const greeted = new Promise((found, failed) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const url = /OPENAI_BASE_URL=(http:\/\/127\.0\.0\.1:\d+\/v1)/.exec(line);
      if (url) found(url[1]);
    });
    exited.then(() => failed(new Error(`the gateway did not start:\n${said.join("\n")}`)));
    setTimeout(() => failed(new Error(`the gateway said nothing:\n${said.join("\n")}`)), PATIENCE).unref();
  });
  return greeted;
}

/** What the first line that the test's gateway says, and that has `pattern`, holds of it. */
export async function said(t, pattern) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await new Promise((done) => setTimeout(done, 20))) {
    const found = LOGS.get(t).map((line) => pattern.exec(line)).find(Boolean);
    if (found) return found[1];
  }
  throw new Error(`the gateway never said ${pattern}:\n${LOGS.get(t).join("\n")}`);
}

/** True once the upstream of the test's gateway has seen a reader go away, which is how a cancelled turn ends there. */
export async function abandoned(t, patience = 10_000) {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await new Promise((done) => setTimeout(done, 20))) {
    if (LOGS.get(t).some((line) => line.includes(ABANDONED))) return true;
  }
  return false;
}
