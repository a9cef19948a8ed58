#!/usr/bin/env python3
"""Three replicas that share a Redis server, behind nginx, while one of them is killed every few seconds.

Clients of all four dialects hold conversations of several turns, which go on at whichever replica nginx chooses; others
press on keys with limits; sessions end soon, so that they are renewed again and again. It shows:

- no request fails that one retry would not save;
- no limit is exceeded by more than one request a replica;
- a session is renewed once for all replicas;
- a conversation stays one conversation at the upstream;
- while the Redis server is away, requests are served, the log says so, and says when it is back.

    run.py [SECONDS]        how long replicas are killed; 40 without an argument

WARP2API_BIN names the gateway and WARP2API_SIMULATOR the upstream (`cargo build --example simulator`). It needs nginx
and redis-server or valkey-server. Everything runs on loopback, and is ended by its process.
"""

import collections
import http.client
import json
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

REPLICAS = 3
TURNS = 5
EVERY = (3.0, 5.0)
ACCOUNTS = ["a", "b", "c"]
LIFETIME = 30
# How long a client waits before it tries again, as SDKs do. A process that is killed closes one socket after the other:
# for some milliseconds nginx may still find some of its connections open.
PAUSE = 0.4
BUDGET = 600
SECRET = "one long text that all the replicas share"

BIN = pathlib.Path(os.environ["WARP2API_BIN"]).resolve()
SIMULATOR = pathlib.Path(os.environ["WARP2API_SIMULATOR"]).resolve()
REDIS = shutil.which("redis-server") or shutil.which("valkey-server")
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


class Upstream:
    """The simulator, and what it has told of its requests."""

    def __init__(self):
        command = [SIMULATOR, ",".join(ACCOUNTS), str(LIFETIME)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.requests, self.answers = [], queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            (self.answers.put if "accounts" in told else self.requests.append)(told)

    def counts(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answers.get(timeout=30)


class Place:
    """All processes, and where they are."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.upstream = Upstream()
        self.redis_port, self.front = free_port(), free_port()
        self.ports = [free_port() for _ in range(REPLICAS)]
        self.replicas = [None] * REPLICAS
        self.redis = None
        self.start_redis()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "WARP2API_STATE": f"redis://127.0.0.1:{self.redis_port}",
            "WARP2API_STATE_SECRET": SECRET,
            "WARP2API_UPSTREAM": self.upstream.url,
            "WARP2API_ANONYMOUS": "false",
        }

    def start_redis(self):
        command = [REDIS, "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.redis = subprocess.Popen(command + ["--dir", self.directory], stdout=subprocess.DEVNULL)
        wait_for(self.redis_port)

    def verb(self, *line, text=""):
        done = subprocess.run([BIN, *line], env=self.environment, input=text, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise SystemExit(f"{line} failed: {done.stderr}")
        return done.stdout

    def start(self, number):
        home = self.directory / f"replica-{number}"
        home.mkdir(exist_ok=True)
        log = open(self.directory / f"replica-{number}.log", "a")
        command = [BIN, "serve", "--listen", f"127.0.0.1:{self.ports[number]}", "--bridge-listen", "off"]
        environment = {**self.environment, "WARP2API_HOME": str(home)}
        self.replicas[number] = subprocess.Popen(command, env=environment, stderr=log, cwd=home)
        wait_for(self.ports[number])

    def log(self, number):
        return (self.directory / f"replica-{number}.log").read_text()

    def start_nginx(self):
        servers = "\n".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in self.ports)
        # Its own rules for another try hold: a request that a replica may have taken up is not sent to the next one.
        (self.directory / "nginx.conf").write_text(f"""
            daemon off; pid {self.directory}/nginx.pid; error_log {self.directory}/nginx.log; worker_processes 1;
            events {{ worker_connections 512; }}
            http {{
                access_log off; client_max_body_size 64m;
                client_body_temp_path {self.directory}/body; proxy_temp_path {self.directory}/proxy;
                fastcgi_temp_path {self.directory}/f; uwsgi_temp_path {self.directory}/u; scgi_temp_path {self.directory}/s;
                upstream replicas {{ {servers} keepalive 16; }}
                server {{
                    listen 127.0.0.1:{self.front};
                    location / {{
                        proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection "";
                        proxy_set_header Host 127.0.0.1;
                        proxy_buffering off; proxy_request_buffering off;
                        proxy_connect_timeout 1s; proxy_read_timeout 120s;
                    }}
                }}
            }}""")
        self.nginx = subprocess.Popen([NGINX, "-c", self.directory / "nginx.conf", "-p", self.directory, "-e", self.directory / "nginx.log"])
        wait_for(self.front)

    def end(self):
        for process in [getattr(self, "nginx", None), *self.replicas, self.redis, self.upstream.process]:
            if process is not None and process.poll() is None:
                process.terminate()
        for process in [getattr(self, "nginx", None), *self.replicas, self.redis, self.upstream.process]:
            if process is not None:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


class Broken(Exception):
    """A request that did not end well, with its status where it got one."""

    def __init__(self, what, status=None):
        super().__init__(what)
        self.status = status


def ask(place, path, headers, body):
    """One request, read to its end: the status line's moment, and the whole body."""
    connection = http.client.HTTPConnection("127.0.0.1", place.front, timeout=60)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
        response = connection.getresponse()
        begun = time.monotonic()
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Broken(f"{response.status} {text[:300]}", response.status)
    return begun, text


def events(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def finished(is_over, text):
    if not is_over:
        raise Broken(f"the stream has no end: {text[-200:]!r}")


class Chat:
    """OpenAI's Chat Completions."""

    def __init__(self, key):
        self.headers, self.messages = {"authorization": f"Bearer {key}"}, []

    def turn(self, place, words, stream):
        body = {"model": "auto", "stream": stream, "messages": [*self.messages, {"role": "user", "content": words}]}
        _, text = ask(place, "/v1/chat/completions", self.headers, body)
        if stream:
            finished(text.rstrip().endswith("data: [DONE]"), text)
            answer = "".join(e["choices"][0]["delta"].get("content") or "" for e in events(text) if e["choices"])
        else:
            answer = json.loads(text)["choices"][0]["message"]["content"]
        self.messages = [*body["messages"], {"role": "assistant", "content": answer}]
        return answer


class Messages:
    """Anthropic's Messages."""

    def __init__(self, key):
        self.headers, self.messages = {"x-api-key": key, "anthropic-version": "2023-06-01"}, []

    def turn(self, place, words, stream):
        messages = [*self.messages, {"role": "user", "content": words}]
        body = {"model": "auto", "max_tokens": 1000, "stream": stream, "messages": messages}
        _, text = ask(place, "/v1/messages", self.headers, body)
        if stream:
            finished(events(text)[-1]["type"] == "message_stop", text)
            deltas = [e["delta"] for e in events(text) if e["type"] == "content_block_delta"]
            answer = "".join(delta.get("text", "") for delta in deltas)
        else:
            answer = "".join(block.get("text", "") for block in json.loads(text)["content"])
        self.messages = [*messages, {"role": "assistant", "content": answer}]
        return answer


class Responses:
    """OpenAI's Responses, by the answers that the gateway keeps."""

    def __init__(self, key):
        self.headers, self.previous = {"authorization": f"Bearer {key}"}, None

    def turn(self, place, words, stream):
        body = {"model": "auto", "stream": stream, "input": words}
        if self.previous:
            body["previous_response_id"] = self.previous
        _, text = ask(place, "/v1/responses", self.headers, body)
        if stream:
            last = events(text)[-1]
            finished(last["type"] == "response.completed", text)
            response = last["response"]
        else:
            response = json.loads(text)
        self.previous = response["id"]
        outputs = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
        return "".join(part["text"] for part in outputs)


class Gemini:
    """Google's Gemini."""

    def __init__(self, key):
        self.headers, self.contents = {"x-goog-api-key": key}, []

    def turn(self, place, words, stream):
        body = {"contents": [*self.contents, {"role": "user", "parts": [{"text": words}]}]}
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        _, text = ask(place, f"/v1beta/models/auto:{method}", self.headers, body)
        answers = events(text) if stream else [json.loads(text)]
        finished(any(c.get("finishReason") for a in answers for c in a.get("candidates", [])), text)
        parts = [p for a in answers for c in a.get("candidates", []) for p in c.get("content", {}).get("parts", [])]
        answer = "".join(part.get("text", "") for part in parts)
        self.contents = [*body["contents"], {"role": "model", "parts": [{"text": answer}]}]
        return answer


DIALECTS = [Chat, Messages, Responses, Gemini]


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.turns = collections.Counter()
        self.retried, self.failed = [], []
        # The turns that were asked twice: each may be a branch, which is a conversation of its own.
        self.disturbed = set()
        self.accepted = []
        self.streams, self.most_streams = 0, 0
        self.refused = collections.Counter()


def converse(place, key, dialect, tally, names, stop):
    """Conversations one after the other, each turn retried once."""
    while not stop.is_set():
        name = next(names)
        client = dialect(key)
        for turn in range(TURNS):
            words = f"k{name}t{turn}z what comes next?"
            stream = (name + turn) % 2 == 0
            for attempt in (1, 2):
                try:
                    answer = client.turn(place, words, stream)
                    if f"k{name}t{turn}z" not in answer:
                        raise Broken(f"the answer is another's: {answer[:200]!r}")
                    break
                except Broken as error:
                    with tally.lock:
                        tally.disturbed.add((name, turn))
                        (tally.retried if attempt == 1 else tally.failed).append(f"{dialect.__name__} {words}: {error}")
                    time.sleep(PAUSE)
            else:
                break
            with tally.lock:
                tally.turns[dialect.__name__] += 1
            if stop.is_set():
                break


def press(place, key, tally, stop):
    """Asks as often as it can with a key that may not."""
    while not stop.is_set():
        try:
            body = {"model": "auto", "messages": [{"role": "user", "content": "pressing"}]}
            sent = time.monotonic()
            _, text = ask(place, "/v1/chat/completions", {"authorization": f"Bearer {key}"}, body)
            with tally.lock:
                tally.accepted.append((sent, json.loads(text)["usage"]["total_tokens"]))
        except Broken as error:
            with tally.lock:
                tally.refused[error.status] += 1
            time.sleep(0.15)


def hold(place, key, tally, stop):
    """Streams with a key that may have two at once, from several clients."""
    while not stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", place.front, timeout=60)
        is_counted = False
        try:
            body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": "holding on to this"}]}
            headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            with tally.lock:
                if response.status == 200:
                    is_counted = True
                    tally.streams += 1
                    tally.most_streams = max(tally.most_streams, tally.streams)
                else:
                    tally.refused[response.status] += 1
            response.read()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            if is_counted:
                with tally.lock:
                    tally.streams -= 1
            connection.close()
        time.sleep(0.1)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 40.0
    with tempfile.TemporaryDirectory(prefix="replicas-") as directory:
        place = Place(directory)
        try:
            problems = trial(place, seconds)
        except BaseException:
            for number in range(REPLICAS):
                if (place.directory / f"replica-{number}.log").exists():
                    print(f"--- replica {number}\n{place.log(number)[-3000:]}", file=sys.stderr)
            raise
        finally:
            place.end()
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def trial(place, seconds):
    for account in ACCOUNTS:
        place.verb("token", "add", account, "--kind", "refresh", text=f"simulator-refresh-{account}")
    key = lambda *terms: json.loads(place.verb("key", "create", "--json", *terms))["key"]
    open_key, per_minute = key("open"), key("pressed", "--requests-per-minute", "20")
    narrow, budget = key("narrow", "--streams", "2"), key("budget", "--tokens-per-day", str(BUDGET))
    for number in range(REPLICAS):
        place.start(number)
    place.start_nginx()
    before = place.upstream.counts()["accounts"]

    tally, stop, names = Tally(), threading.Event(), iter(range(10**9))
    lock = threading.Lock()

    def numbers():
        while True:
            with lock:
                number = next(names)
            yield number

    threads = [threading.Thread(target=converse, args=(place, open_key, d, tally, numbers(), stop)) for d in DIALECTS * 2]
    threads += [threading.Thread(target=press, args=(place, per_minute, tally, stop)) for _ in range(3)]
    spending = Tally()
    threads += [threading.Thread(target=press, args=(place, budget, spending, stop)) for _ in range(3)]
    threads += [threading.Thread(target=hold, args=(place, narrow, tally, stop)) for _ in range(6)]
    for thread in threads:
        thread.start()

    kills, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(random.uniform(*EVERY))
        number = kills % REPLICAS
        place.replicas[number].send_signal(signal.SIGKILL)
        place.replicas[number].wait()
        kills += 1
        time.sleep(random.uniform(0, 1))
        place.start(number)
    stop.set()
    for thread in threads:
        thread.join(timeout=120)

    problems = judge(place, tally, before, kills, seconds)
    used = {entry["name"]: entry["used_today"]["tokens"] for entry in listed(place)}["budget"]
    dearest = max((tokens for _, tokens in spending.accepted), default=0)
    print(f"key with {BUDGET} tokens a day: {used} used, at most {dearest} by one request")
    if not BUDGET // 2 <= used <= BUDGET + REPLICAS * dearest:
        problems.append(f"{used} tokens of {BUDGET} were used")
    problems += away(place, open_key)
    return problems


def listed(place):
    return json.loads(place.verb("key", "list", "--json"))["keys"]


def judge(place, tally, before, kills, seconds):
    problems = []
    counts = place.upstream.counts()
    after = counts["accounts"]
    turns = sum(tally.turns.values())
    print(f"{kills} kills in {seconds:.0f} s; {turns} turns: {dict(tally.turns)}")
    print(f"{len(tally.retried)} requests were retried, {len(tally.failed)} failed twice")
    for line in tally.retried[:5]:
        print(f"  retried: {line}")
    if turns < 20:
        problems.append(f"only {turns} turns were served")
    problems += [f"failed twice: {line}" for line in tally.failed]
    problems += [f"the upstream: {failure}" for failure in counts["failures"]]

    times = sorted(sent for sent, _ in tally.accepted)
    most = max((sum(1 for t in times if at <= t < at + 60) for at in times), default=0)
    print(f"key with 20 requests a minute: {most} in a minute; answers otherwise: {dict(tally.refused)}")
    if not 10 <= most <= 20 + REPLICAS:
        problems.append(f"{most} requests in a minute were let in, of 20")
    print(f"key with 2 answers at once: {tally.most_streams} at once")
    if not 1 <= tally.most_streams <= 2 + REPLICAS:
        problems.append(f"{tally.most_streams} answers at once, of 2")

    exchanges = {name: after[name]["exchanges"] - before[name]["exchanges"] for name in ACCOUNTS}
    repeated = sum(after[name]["repeated"] - before[name]["repeated"] for name in ACCOUNTS)
    # A token is renewed half-way through its life, or somewhat earlier.
    expected = seconds / (LIFETIME * 0.4) + 2
    print(f"renewals: {exchanges}, of which {repeated} were made twice; {expected:.0f} each at most")
    if repeated > kills:
        problems.append(f"{repeated} renewals were made twice, with {kills} kills")
    problems += [f"{name} was renewed {count} times" for name, count in exchanges.items() if count > expected]
    if sum(exchanges.values()) == 0:
        problems.append("nothing was renewed")

    begun, whole, disturbed = collections.defaultdict(set), 0, 0
    for request in place.upstream.requests:
        found = re.findall(r"k(\d+)t(\d+)z", request["input"])
        if not found or request["status"] != 200:
            continue
        name, turn = map(int, found[-1])
        if turn == 0 or (name, turn) in tally.disturbed:
            disturbed += turn > 0
            continue
        branched = any((name, earlier) in tally.disturbed for earlier in range(turn))
        identity = (request["metadata"] or {}).get("conversation_id")
        # After an answer that was cut off, the upstream does not know how much of it arrived.
        fine = ("Exact", "Uncertain", "Earlier") if branched else ("Exact",)
        if not identity or request["replay"] not in fine:
            problems.append(f"turn {turn} of conversation {name} did not go on with it: {request}")
        if not branched:
            begun[name].add(identity)
        whole += 1
    for name, identities in begun.items():
        if len(identities) > 1:
            problems.append(f"conversation {name} has become {len(identities)}")
    print(f"{whole} turns went on with their conversations, {len(begun)} of which were never disturbed at first")
    print(f"{disturbed} turns were asked twice and may have branched")
    if whole == 0:
        problems.append("no conversation went on")
    return problems


def away(place, key):
    """The Redis server goes away and comes back with nothing: requests are served all the time."""
    problems = []
    place.redis.send_signal(signal.SIGKILL)
    place.redis.wait()
    served = 0
    for number in range(6):
        client = DIALECTS[number % 4](key)
        for turn in range(2):
            try:
                client.turn(place, f"k{number}t{turn}z while it is away", number % 2 == 0)
                served += 1
            except Broken as error:
                # Another replica does not know an answer that this one keeps while they cannot meet.
                is_kept = isinstance(client, Responses) and turn == 1 and error.status == 400
                problems += [] if is_kept else [f"while the server was away: {error}"]
    place.start_redis()
    deadline = time.monotonic() + 20
    said = ["the shared state is away", "the shared state is back"]
    while not all(words in place.log(number) for number in range(REPLICAS) for words in said):
        if time.monotonic() > deadline:
            problems.append("a log does not say that the server was away, or that it is back")
            break
        time.sleep(0.1)
    client = Chat(key)
    for turn in range(3):
        try:
            client.turn(place, f"k0t{turn}z now that it is back", True)
            served += 1
        except Broken as error:
            problems.append(f"when the server was back: {error}")
    names = [entry["name"] for entry in listed(place)]
    if len(names) != 4:
        problems.append(f"of the client keys {names} are left")
    print(f"{served} requests were served around the end of the Redis server, which has {len(names)} keys again")
    return problems


if __name__ == "__main__":
    main()
