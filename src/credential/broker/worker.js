/**
 * The broker: hands out short-lived tokens of its owner's own Warp sessions to whoever has the broker key, one account
 * after the other. It makes tokens and nothing else: no request of a caller's goes through it.
 *
 *   GET /token    with `Authorization: Bearer KEY`: {"token", "expires_at" (Unix seconds), "account"}
 *   GET /status   with the key: how each account stands, by name
 *   GET /health   {"status": "ok"}, for anyone
 *
 * Bindings, all written by `warp2api token worker deploy`:
 *
 *   BROKER_KEY_SHA256   secret: the key's SHA-256 in hex. The key itself is known to those who use it and nobody else
 *   REFRESH_TOKEN_0…    secrets: one session each
 *   ACCOUNTS            the sessions' names, in the same order, as a JSON array
 *   TOKEN_URLS          where refresh tokens are exchanged, tried in turn, as a JSON array
 *
 * What it remembers (live tokens, whose turn it is, who is dead) lives as long as its isolate: each of Cloudflare's
 * places has its own turn and its own tokens, and begins at a random account. A refresh token that the service replaces
 * is likewise kept for that time only, because a Worker cannot rewrite its secrets; the next isolate begins with the one
 * that was deployed. That holds with a token service where earlier refresh tokens stay good, as they do with Google's, as
 * far as is known. Should an account be called dead for this reason, deploy again.
 *
 * It writes no log, and no answer but that of /token holds a token.
 */

/** How long before its end a token is renewed; one that lives shorter than twice that, half-way. */
const RENEWAL_MARGIN = 300_000;
/** How long one token service may take. */
const PATIENCE = 8_000;
/** When a renewal that has not said how it went is given up: more than two services can take. */
const LONGEST_RENEWAL = 20_000;
/** How long an account rests after a failure that may pass. */
const REST = 10_000;
/** How often one who waits for another's renewal looks again. */
const GLANCE = 25;

/** The refusals that no later attempt can change. */
const FINAL = new Set([
  "TOKEN_EXPIRED",
  "INVALID_REFRESH_TOKEN",
  "MISSING_REFRESH_TOKEN",
  "USER_DISABLED",
  "USER_NOT_FOUND",
]);

const ROUTES = { "/token": lend, "/status": tell, "/health": () => answer(200, { status: "ok" }) };
const OPEN = new Set(["/health"]);

/** This isolate's memory, made by the first request: nothing random may be had before there is one. */
let memory;

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (!Object.hasOwn(ROUTES, pathname)) return refuse(404, "not_found", "there is only /token, /status and /health");
    if (request.method !== "GET") return refuse(405, "method_not_allowed", "only GET is allowed", { allow: "GET" });
    if (!OPEN.has(pathname)) {
      memory ??= remember(env);
      if (!memory) return refuse(500, "not_set_up", "this broker is not set up; deploy it again");
      if (!(await hasKey(request, memory.keyDigest))) {
        return refuse(401, "wrong_key", "the broker key is missing or wrong", { "www-authenticate": "Bearer" });
      }
    }
    return ROUTES[pathname](context);
  },
};

/** What the bindings say, as this isolate's memory; null when they make no sense. */
function remember(env) {
  try {
    const urls = JSON.parse(env.TOKEN_URLS);
    const accounts = JSON.parse(env.ACCOUNTS).map((name, at) => ({
      name,
      refresh: env[`REFRESH_TOKEN_${at}`],
      live: null,
      dead: null,
      trouble: null,
      restsUntil: 0,
      renewingUntil: 0,
    }));
    const keyDigest = bytesOf(env.BROKER_KEY_SHA256);
    if (!accounts.length || !urls.length || accounts.some(({ refresh }) => !refresh)) return null;
    return { keyDigest, urls, accounts, turn: crypto.getRandomValues(new Uint32Array(1))[0] % accounts.length };
  } catch {
    return null;
  }
}

/** The bytes of a SHA-256 in hex. */
function bytesOf(hex) {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error("not a SHA-256");
  return Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
}

/** Whether the request brings the key. Digests are compared, in a time that tells nothing of where they differ. */
async function hasKey(request, expected) {
  const [, given] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(given ?? "")));
  const same = crypto.subtle.timingSafeEqual?.(digest, expected) ?? sameBytes(digest, expected);
  return same && given !== undefined;
}

/** For runtimes without `timingSafeEqual`. Both are digests, of one length. */
function sameBytes(left, right) {
  return left.reduce((different, byte, at) => different | (byte ^ right[at]), 0) === 0;
}

/** Answers with a token of the account whose turn it is, or of the next that has one. */
async function lend(context) {
  const now = Date.now();
  const ready = memory.accounts.filter((account) => !account.dead && (account.restsUntil <= now || held(account, now)));
  const first = memory.turn++;
  for (let step = 0; step < ready.length; step++) {
    const account = ready[(first + step) % ready.length];
    const token = await liveToken(account, context);
    if (token) return answer(200, { token: token.id, expires_at: Math.floor(token.end / 1000), account: account.name });
  }
  const resting = memory.accounts.filter((account) => !account.dead);
  if (!resting.length) {
    return refuse(503, "no_account", "no account can be lent: every session has ended; sign in again and deploy again");
  }
  const soonest = Math.min(...resting.map((account) => account.restsUntil));
  const wait = String(Math.max(1, Math.ceil((soonest - Date.now()) / 1000)));
  return refuse(503, "no_token", "no token can be had at the moment; /status says why", { "retry-after": wait });
}

/** Tells how every account stands, after trying those of which nothing is known. */
async function tell(context) {
  const unknown = memory.accounts.filter((account) => !account.dead && account.restsUntil <= Date.now());
  await Promise.all(unknown.map((account) => liveToken(account, context)));
  const standing = ({ name, live, dead, trouble }) => {
    if (dead) return { name, state: "dead", reason: dead };
    if (trouble) return { name, state: "failing", reason: trouble };
    return { name, state: "ready", expires_at: live && Math.floor(live.end / 1000) };
  };
  return answer(200, { accounts: memory.accounts.map(standing) });
}

/** The token that the account has, unless it is time to renew it; a resting account lends it for half of what is left. */
function held({ live, restsUntil }, now) {
  if (!live) return null;
  const until = restsUntil > now ? (live.renewAt + live.end) / 2 : live.renewAt;
  return now < until ? live : null;
}

/**
 * The account's token, renewed if it is due; null when it cannot be had.
 *
 * One request renews and the others look on, each by its own timer: a request must not wait for a promise of another,
 * which ends with its client. The renewal itself goes on to its end, whoever leaves.
 */
async function liveToken(account, context) {
  for (;;) {
    const now = Date.now();
    const live = held(account, now);
    if (live || account.dead || account.restsUntil > now) return live;
    if (account.renewingUntil <= now) {
      account.renewingUntil = now + LONGEST_RENEWAL;
      const renewal = renew(account).finally(() => (account.renewingUntil = 0));
      context.waitUntil(renewal);
      await renewal;
    } else {
      await new Promise((done) => setTimeout(done, GLANCE));
    }
  }
}

/** Exchanges the account's refresh token, and notes how that went. */
async function renew(account) {
  let failure;
  for (const url of memory.urls) {
    const outcome = await exchange(url, account.refresh);
    if (outcome.live) {
      account.refresh = outcome.refresh ?? account.refresh;
      account.live = outcome.live;
      account.trouble = null;
      return;
    }
    // A final verdict stands against a later trouble that may pass.
    if (!failure?.final || outcome.final) failure = outcome;
  }
  if (failure.final) {
    account.live = null;
    account.dead = failure.reason;
  } else {
    account.trouble = failure.reason;
    account.restsUntil = Date.now() + REST;
  }
}

/** One exchange at one service: `{live, refresh}`, or `{final, reason}`. No reason holds anything but known words. */
async function exchange(url, refresh) {
  const asked = Date.now();
  let response;
  let body;
  try {
    response = await fetch(url, {
      method: "POST",
      // A token goes nowhere but where it was meant to go.
      redirect: "manual",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    body = JSON.parse(await response.text());
  } catch {
    const reason = response ? `the token service answered ${response.status}` : "the token service cannot be reached";
    return { final: false, reason };
  }
  if (!response.ok) {
    const message = String(body?.error?.message ?? body?.error ?? "");
    // Some answers put a sentence behind the code: `USER_DISABLED : The account …`.
    const code = message.split(/[ :]/, 1)[0];
    return FINAL.has(code)
      ? { final: true, reason: code }
      : { final: false, reason: `the token service answered ${response.status}` };
  }
  const id = body?.id_token ?? body?.idToken ?? body?.access_token ?? body?.accessToken;
  const seconds = Number(body?.expires_in ?? body?.expiresIn);
  if (typeof id !== "string" || !id || !(seconds > 0)) {
    return { final: false, reason: "the token service's answer holds no token with a life" };
  }
  const life = seconds * 1000;
  const live = { id, end: asked + life, renewAt: asked + life - Math.min(RENEWAL_MARGIN, life / 2) };
  const next = body.refresh_token ?? body.refreshToken;
  return { live, refresh: typeof next === "string" && next ? next : undefined };
}

function refuse(status, code, message, headers = {}) {
  return answer(status, { error: { code, message } }, headers);
}

function answer(status, body, headers = {}) {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}
