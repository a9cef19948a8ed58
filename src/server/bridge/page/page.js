"use strict";
// The page of the bridge. What comes from outside becomes text, never markup: elements are made by `make` alone.

const $ = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(path) {
  const response = await fetch(path);
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    throw new Error(told && typeof told.detail === "string" ? told.detail : `the bridge said ${response.status}`);
  }
  return response;
}

const askJson = async (path) => (await ask(path)).json();

// A list of which only the rows in sight exist, so that thousands cost no more than a few. Rows have one height.
class VirtualList {
  constructor(scroll, height, draw, choose) {
    Object.assign(this, { scroll, height, draw, choose, items: [], chosen: -1, rows: new Map() });
    this.room = scroll.appendChild(make("div"));
    scroll.addEventListener("scroll", () => this.later());
    new ResizeObserver(() => this.later()).observe(scroll);
    if (!choose) return;
    scroll.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) this.pick(Number(row.dataset.index), true);
    });
    scroll.addEventListener("keydown", (event) => this.key(event));
  }

  show(items) {
    this.items = items;
    this.clear();
    this.later();
  }

  clear() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.render();
    });
  }

  render() {
    this.room.style.height = `${this.items.length * this.height}px`;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / this.height) - 4);
    const last = Math.min(this.items.length, first + Math.ceil(this.scroll.clientHeight / this.height) + 8);
    for (const [index, row] of this.rows) {
      if (index < first || index >= last) {
        row.remove();
        this.rows.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) {
      if (this.rows.has(index)) continue;
      const row = this.draw(this.items[index], index);
      row.style.top = `${index * this.height}px`;
      row.style.height = `${this.height}px`;
      row.dataset.index = index;
      row.id = `${this.scroll.id}-${index}`;
      if (this.choose) {
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", index === this.chosen);
      }
      this.rows.set(index, this.scroll.appendChild(row));
    }
  }

  pick(index, tell) {
    if (index < 0 || index >= this.items.length) return;
    this.mark(index);
    if (tell) this.choose(this.items[index], index);
  }

  mark(index) {
    const set = (place, on) => this.rows.get(place) && this.rows.get(place).setAttribute("aria-selected", on);
    set(this.chosen, false);
    this.chosen = index;
    set(index, true);
    if (index >= 0) this.scroll.setAttribute("aria-activedescendant", `${this.scroll.id}-${index}`);
  }

  reveal(index) {
    const top = index * this.height;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    const bottom = top + this.height - this.scroll.clientHeight;
    if (bottom > this.scroll.scrollTop) this.scroll.scrollTop = bottom;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.height) - 1);
    const last = this.items.length - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -last, End: last };
    if (event.key === "Enter" && this.chosen >= 0) {
      this.pick(this.chosen, true);
    } else if (event.key in steps) {
      const index = Math.min(last, Math.max(0, this.chosen + steps[event.key]));
      this.pick(index, this.eager);
      this.reveal(index);
    } else {
      return;
    }
    event.preventDefault();
  }
}

function textList(scroll) {
  const list = new VirtualList(scroll, 17, (line) => make("div", "line", line));
  list.text = "";
  list.say = (text) => {
    list.text = text;
    list.show(text.split("\n"));
  };
  return list;
}

const pretty = (value) => JSON.stringify(value, null, 2);
const milliseconds = (ms) => (ms === null || ms === undefined ? "" : ms < 10000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);
const clock = (text) => new Date(text).toLocaleTimeString([], { hour12: false });

// ---- the turns

const turns = new Map();
const MOST_TURNS = 2000;
let paused = false;
let missedWhilePaused = 0;

const turnList = new VirtualList($("list"), 30, drawTurn, (turn) => open(turn.number));

function drawTurn(turn) {
  const row = make("div", "row");
  const tokens = turn.input_tokens === null ? "" : `${turn.input_tokens} → ${turn.output_tokens}`;
  const cells = [
    turn.number, clock(turn.began), turn.dialect, turn.model, turn.account, turn.state,
    milliseconds(turn.first_byte_ms), tokens, turn.credits === null ? "" : turn.credits,
  ];
  for (const cell of cells) row.appendChild(make("span", "", String(cell)));
  row.children[5].className = `state-${turn.state.replace(" ", "-")}`;
  row.title = turn.detail;
  row.dataset.number = turn.number;
  return row;
}

function matches(turn) {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [turn.number, turn.dialect, turn.model, turn.account, turn.state, turn.detail, turn.request_id].join(" ").toLowerCase();
  return (!$("states").value || turn.state === $("states").value)
    && (!$("dialects").value || turn.dialect === $("dialects").value)
    && words.every((word) => text.includes(word));
}

function showTurns() {
  const all = [...turns.values()].sort((one, other) => other.number - one.number);
  for (const turn of all.splice(MOST_TURNS)) turns.delete(turn.number);
  const shown = all.filter(matches);
  turnList.show(shown);
  turnList.mark(shown.findIndex((turn) => turn.number === (current.number ?? turnList.number)));
  $("empty").hidden = all.length > 0;
  const held = paused && missedWhilePaused ? `, paused: ${missedWhilePaused} changes are waiting` : "";
  $("count").textContent = `${shown.length} of ${all.length} turns${held}`;
  for (const dialect of new Set(all.map((turn) => turn.dialect))) {
    if ([...$("dialects").options].some((option) => option.value === dialect)) continue;
    $("dialects").appendChild(make("option", "", dialect)).value = dialect;
  }
}

function take(changed) {
  for (const turn of changed) turns.set(turn.number, turn);
  if (paused) missedWhilePaused += changed.length;
  if (!paused) schedule();
}

let scheduled = false;
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    showTurns();
    refresh(false);
  });
}

async function loadTurns() {
  const listed = await askJson("/api/monitor/turns");
  turns.clear();
  take(listed.turns);
}

// ---- the link to the bridge

let pauseBeforeNext = 250;
function connect() {
  const scheme = location.protocol.replace("http", "ws");
  const socket = new WebSocket(`${scheme}//${location.host}/ws?turns=1`);
  socket.onopen = () => {
    pauseBeforeNext = 250;
    linked("yes", "live");
    loadTurns().catch((error) => linked("no", error.message));
  };
  socket.onmessage = (message) => {
    const told = JSON.parse(message.data);
    if (told.event === "turns") take(told.turns);
    if (told.event === "lagged") loadTurns().catch((error) => linked("no", error.message));
  };
  socket.onclose = () => {
    linked("no", "not connected");
    setTimeout(connect, pauseBeforeNext);
    pauseBeforeNext = Math.min(10000, pauseBeforeNext * 2);
  };
}

function linked(up, text) {
  $("link").dataset.up = up;
  $("link").textContent = text;
}

// ---- one turn

const current = { number: null, exchange: 0, view: "events", events: [], message: null, dialect: "openai_chat" };
const requestText = textList($("request-text"));
const eventText = textList($("event-text"));
const dialectText = textList($("dialect-text"));
const eventList = new VirtualList($("event-list"), 26, drawEvent, chooseEvent);
eventList.eager = true;

const path = (rest) => `/api/monitor/turns/${current.number}${rest}${rest.includes("?") ? "&" : "?"}exchange=${current.exchange}`;

async function open(number) {
  Object.assign(current, { number, exchange: 0, events: [], message: null, seen: null, isLive: false });
  turnList.number = number;
  document.body.classList.add("opened");
  $("detail").hidden = false;
  $("title").textContent = `Turn ${number}`;
  $("exchange").replaceChildren();
  $("find").value = "";
  eventText.say("");
  eventList.mark(-1);
  eventList.show([]);
  turnList.later();
  await refresh();
}

function close() {
  current.number = null;
  document.body.classList.remove("opened");
  $("detail").hidden = true;
  turnList.later();
  $("list").focus();
}

// Views that the bridge makes anew in whole: not at every word of a turn that runs.
const WHOLE = ["tasks", "wire", "dialect"];
let wake = () => {};
const rest = (ms) => new Promise((done) => {
  wake = done;
  setTimeout(done, ms);
});

// Brings what is shown of the open turn up to date. One run at a time: what changes meanwhile makes another.
let refreshing = false;
let again = false;
async function refresh(isUrgent = true) {
  if (current.number === null) return;
  if (refreshing) {
    again = true;
    if (isUrgent) wake();
    return;
  }
  refreshing = true;
  do {
    if (!isUrgent && WHOLE.includes(current.view)) await rest(500);
    isUrgent = false;
    again = false;
    if (current.number === null) break;
    try {
      await update(current.number);
    } catch (error) {
      say(error.message);
    }
  } while (again && current.number !== null);
  refreshing = false;
}

async function update(number) {
  const turn = turns.get(number);
  const seen = turn ? `${turn.exchanges} ${turn.messages} ${turn.state} ${current.exchange} ${current.view} ${current.message} ${current.dialect}` : "";
  if (turn && current.seen === seen) return;
  current.seen = seen;
  const told = turn && [number, turn.exchanges, turn.state, turn.first_byte_ms, turn.account, turn.messages > 0].join(" ");
  if (!turn || current.told !== told) {
    current.whole = await askJson(`/api/monitor/turns/${number}`);
    current.told = told;
  }
  if (current.number !== number) return;
  // Who has seen a turn run wants to see its end, too.
  current.isLive ||= current.whole.state === "running";
  showFacts(current.whole);
  const views = { request: showRequest, events: showEvents, tasks: showTasks, wire: showWire, dialect: showDialect };
  await views[current.view]();
}

function showFacts(whole) {
  const exchanges = whole.all_exchanges;
  if ($("exchange").options.length !== exchanges.length) {
    $("exchange").replaceChildren(...exchanges.map((exchange, place) => {
      const option = make("option", "", `exchange ${place + 1}: ${exchange.status ?? "no answer"}`);
      option.value = place;
      return option;
    }));
    $("exchange").value = current.exchange;
  }
  $("exchange").hidden = exchanges.length < 2;
  const exchange = exchanges[current.exchange] ?? {};
  const parts = [
    `${whole.dialect} · ${whole.model} · ${whole.account || "no account"} · ${whole.state}`,
    whole.detail, whole.request_id, exchange.broken, exchange.refusal,
  ];
  $("facts").textContent = parts.filter(Boolean).join(" · ");
  $("capture").href = path("/capture");
}

function showRequest() {
  const exchange = current.whole.all_exchanges[current.exchange];
  requestText.say(exchange ? pretty(exchange.request) : "Nothing was sent.");
}

// ---- its events

function kindOf(json) {
  const actions = json.client_actions && json.client_actions.actions;
  if (!actions) return Object.keys(json)[0] || "empty";
  const names = actions.map((action) => Object.keys(action)[0] || "empty");
  return names.length === 1 ? names[0] : `${names[0]} and ${names.length - 1} more`;
}

function said(json) {
  const found = [];
  const walk = (value, key) => {
    if (typeof value === "string" && ["text", "reasoning", "query"].includes(key)) found.push(value);
    else if (value && typeof value === "object") Object.entries(value).forEach(([name, inner]) => walk(inner, name));
  };
  walk(json, "");
  return found.join(" ").replace(/\s+/g, " ");
}

function drawEvent(event) {
  const row = make("div", "row event");
  for (const cell of [event.index, milliseconds(event.ms), `${event.size} B`, event.kind, event.said]) {
    row.appendChild(make("span", "", String(cell)));
  }
  return row;
}

function chooseEvent(event) {
  current.message = event.index;
  eventText.say(pretty(event.json));
}

async function showEvents() {
  const number = current.number;
  const exchange = current.exchange;
  for (let more = true; more;) {
    const told = await askJson(path(`/events?from=${current.events.length}`));
    if (current.number !== number || current.exchange !== exchange) return;
    for (const event of told.events) {
      current.events.push({ ...event, kind: kindOf(event.json), said: said(event.json) });
    }
    more = told.is_full && !paused;
    filterEvents();
  }
}

function filterEvents() {
  const wanted = $("find").value.toLowerCase();
  const shown = wanted ? current.events.filter((event) => (event.text ??= JSON.stringify(event.json).toLowerCase()).includes(wanted)) : current.events.slice();
  eventList.show(shown);
  eventList.mark(shown.findIndex((event) => event.index === current.message));
  $("found").textContent = `${shown.length} of ${current.events.length} events`;
  if ($("follow").checked && current.message === null && current.isLive) {
    eventList.render();
    eventList.scroll.scrollTop = eventList.scroll.scrollHeight;
  }
}

// ---- its tasks

// What somebody has opened or closed stays so while the tree grows.
const unfolded = new Map();
function foldable(id, isOpen, summary) {
  const part = make("details");
  part.open = unfolded.get(id) ?? isOpen;
  part.appendChild(make("summary", "", summary)).addEventListener("click", () => unfolded.set(id, !part.open));
  return part;
}

async function showTasks() {
  const told = await askJson(path("/tasks"));
  const parts = told.tasks.map((task) => {
    const messages = task.messages || [];
    const title = `task ${task.id || ""} ${task.description || ""}: ${messages.length} messages`;
    const whole = foldable(`${current.number} ${task.id}`, true, title);
    for (const message of messages) {
      const kind = Object.keys(message).find((key) => message[key] && typeof message[key] === "object" && !key.includes("@") && key !== "citations") || "message";
      const id = `${current.number} ${task.id} ${message.id}`;
      const part = whole.appendChild(foldable(id, messages.length < 50, `${kind} ${message.id || ""}`));
      part.appendChild(make("pre", "mono", said(message) || pretty(message[kind] ?? message)));
    }
    return whole;
  });
  parts.push(...told.problems.map((problem) => make("p", "state-failed", problem)));
  $("task-tree").replaceChildren(...(parts.length ? parts : [make("p", "", "There are no tasks yet.")]));
}

// ---- its bytes

const wire = { bytes: [], fields: [], marked: null };
const fieldList = new VirtualList($("fields"), 22, drawField, (field) => point(field));
fieldList.eager = true;
const byteList = new VirtualList($("bytes"), 20, drawBytes);

async function showWire() {
  const of = current.message === null ? "" : `&message=${current.message}`;
  const told = await askJson(path(`/wire?x=1${of}`));
  const fields = [];
  const flatten = (all, depth) => {
    for (const field of all) {
      fields.push({ ...field, depth });
      flatten(field.fields || [], depth + 1);
    }
  };
  flatten(told.fields, 0);
  Object.assign(wire, { bytes: told.hex.match(/../g) || [], fields, marked: null });
  const what = current.message === null ? "the request (choose an event to see its bytes)" : `event ${current.message}`;
  $("wire-of").textContent = `${told.type}, ${told.size} bytes, ${what}${told.is_whole ? "" : "; only the beginning is shown"}`;
  fieldList.mark(-1);
  fieldList.show(fields);
  byteList.show(Array.from({ length: Math.ceil(wire.bytes.length / 16) }, (_, row) => row * 16));
}

function drawField(field) {
  const row = make("div", "field");
  row.style.paddingLeft = `${12 + field.depth * 14}px`;
  row.appendChild(make("span", "", field.name || `#${field.number}`));
  row.appendChild(make("span", "kind", ` ${field.number} ${field.type} `));
  if (field.value !== undefined) row.appendChild(make("span", "mono", JSON.stringify(field.value)));
  if (field === wire.marked) row.classList.add("marked");
  return row;
}

function drawBytes(start) {
  const row = make("div", "hex");
  row.appendChild(make("span", "place", `${start.toString(16).padStart(6, "0")}  `));
  const slice = wire.bytes.slice(start, start + 16);
  const isMarked = (place) => wire.marked && place >= wire.marked.start && place < wire.marked.end;
  const add = (text, place) => {
    const byte = row.appendChild(make("span", "byte", text));
    byte.dataset.place = place;
    if (isMarked(place)) byte.classList.add("marked");
  };
  slice.forEach((byte, offset) => add(`${byte} `, start + offset));
  row.appendChild(make("span", "", "   ".repeat(16 - slice.length) + " "));
  slice.forEach((byte, offset) => {
    const code = parseInt(byte, 16);
    add(code >= 32 && code < 127 ? String.fromCharCode(code) : "·", start + offset);
  });
  return row;
}

// Marks a field and its bytes, and brings both into sight.
function point(field, from) {
  if (!field || field === wire.marked) return;
  wire.marked = field;
  fieldList.clear();
  byteList.clear();
  if (from !== "bytes") byteList.reveal(Math.floor(field.start / 16));
  if (from !== "fields") fieldList.reveal(wire.fields.indexOf(field));
  fieldList.render();
  byteList.render();
}

$("fields").addEventListener("mouseover", (event) => {
  const row = event.target.closest("[data-index]");
  if (row) point(wire.fields[row.dataset.index], "fields");
});
$("bytes").addEventListener("mouseover", (event) => {
  const place = event.target.dataset.place;
  if (place === undefined) return;
  const holding = wire.fields.filter((field) => field.start <= place && place < field.end);
  point(holding.sort((one, other) => other.depth - one.depth)[0], "bytes");
});

// ---- what each dialect is told

const DIALECTS = ["openai_chat", "openai_responses", "anthropic", "gemini"];
for (const name of DIALECTS) {
  const button = $("dialect-names").appendChild(make("button", "", name));
  button.addEventListener("click", () => {
    current.dialect = name;
    refresh();
  });
}

async function showDialect() {
  for (const button of $("dialect-names").children) button.setAttribute("aria-pressed", button.textContent === current.dialect);
  dialectText.say((await askJson(path(`/dialects/${current.dialect}`))).text);
}

// ---- what can be done

function view(name) {
  current.view = name;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isIt = tab.dataset.view === name;
    tab.setAttribute("aria-selected", isIt);
    tab.tabIndex = isIt ? 0 : -1;
    $(tab.dataset.view).classList.toggle("shown", isIt);
  }
  refresh();
}

const tabs = [...document.querySelectorAll("[role=tab]")];
tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => view(tab.dataset.view));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    view(next.dataset.view);
    next.focus();
  });
});

function say(text) {
  $("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, 4000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("copied");
  } catch {
    say("the browser does not let the page copy");
  }
}

function shownText() {
  const event = current.events.find((one) => one.index === current.message);
  return {
    request: requestText.text, events: event ? eventText.text : pretty(current.events.map((one) => one.json)),
    tasks: $("task-tree").innerText, wire: wire.bytes.join(""), dialect: dialectText.text,
  }[current.view];
}

function pause() {
  paused = !paused;
  missedWhilePaused = 0;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").textContent = paused ? "Resume" : "Pause";
  showTurns();
  if (!paused) refresh();
}

$("search").addEventListener("input", showTurns);
$("states").addEventListener("change", showTurns);
$("dialects").addEventListener("change", showTurns);
$("find").addEventListener("input", filterEvents);
$("pause").addEventListener("click", pause);
$("close").addEventListener("click", close);
$("copy").addEventListener("click", () => copy(shownText()));
$("curl").addEventListener("click", async () => {
  try {
    await copy(await (await ask(path("/curl"))).text());
  } catch (error) {
    say(error.message);
  }
});
$("exchange").addEventListener("change", () => {
  Object.assign(current, { exchange: Number($("exchange").value), events: [], message: null, seen: null });
  eventText.say("");
  refresh();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && current.number !== null) {
    close();
    return;
  }
  if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
  if (event.key === "/") {
    $("search").focus();
    event.preventDefault();
  } else if (event.key === "p") {
    pause();
  } else if (current.number !== null && "12345".includes(event.key)) {
    view(tabs[Number(event.key) - 1].dataset.view);
  }
});

view("events");
connect();
