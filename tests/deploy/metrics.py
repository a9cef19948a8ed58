#!/usr/bin/env python3
"""Watches a gateway under load with a real Prometheus, and asks that for everything the dashboard shows.

Needs promtool and prometheus (Debian's package `prometheus`), and Python alone. WARP2API_BIN names the binary. Everything is
on loopback; the upstream is the simulator. What must hold:

- promtool finds nothing to say about the metrics, the alerts, their tests and the example configuration;
- every query of every panel has data, every rule can be evaluated;
- the gateway has counted what the load has sent.
"""

import http.client
import http.server
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BINARY = os.environ.get("WARP2API_BIN", str(ROOT / "target/debug/warp2api"))
# Seconds of load; a scrape each, and rates over ten of them.
LOAD = 20
WINDOW = "10s"
DIALECTS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/auto:streamGenerateContent?alt=sse",
}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def promtool(*arguments, stdin=None):
    done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip()
    print(f"promtool {' '.join(arguments)}: {'ok' if done.returncode == 0 else 'FAILED'}")
    if done.returncode != 0 or (stdin is not None and said):
        sys.exit(said)


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes traces, so that their counters move."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, home, collector):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "WARP2API_HOME": str(home / "state"),
            "WARP2API_STATE_KEY": "file",
            "WARP2API_HEARTBEAT": "100ms",
            # Failures that are asked for must not keep the one account away.
            "WARP2API_LONGEST_REST": "1ms",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        }
        listen = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--bridge-listen", "off"]
        self.log = open(home / "gateway.log", "w+")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--upstream", "simulator", *listen], env=environment, cwd=home, stderr=self.log
        )
        said = self.wait_for("Metrics are at ")
        self.api = re.search(r"listens on http://(\S+)", said).group(1)
        self.metrics = re.search(r"Metrics are at (\S+)", said).group(1)

    def wait_for(self, text):
        for _ in range(300):
            said = pathlib.Path(self.log.name).read_text()
            if text in said:
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"the gateway did not say {text!r}:\n{pathlib.Path(self.log.name).read_text()}")

    def end(self):
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


def body(dialect, words):
    tool = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    if dialect == "openai_chat":
        return {
            "model": "auto",
            "stream": True,
            "messages": [{"role": "user", "content": words}],
            "tools": [{"type": "function", "function": tool}],
        }
    if dialect == "openai_responses":
        return {"model": "auto", "stream": True, "input": words, "tools": [{"type": "function", **tool}]}
    if dialect == "anthropic":
        tool = {"name": "add", "input_schema": tool["parameters"]}
        return {
            "model": "auto",
            "stream": True,
            "max_tokens": 10000,
            "messages": [{"role": "user", "content": words}],
            "tools": [tool],
        }
    return {"contents": [{"role": "user", "parts": [{"text": words}]}], "tools": [{"functionDeclarations": [tool]}]}


class Load:
    """Asks in one dialect until it is told to stop, and counts what became of it."""

    WORDS = ["hello there", "long 60", "think, then hello", "call add", "slow one two three", "fail 503", "fail internal"]

    def __init__(self, gateway, dialect):
        self.gateway, self.dialect = gateway, dialect
        self.asked = self.failed = self.left = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            words = self.WORDS[self.asked % len(self.WORDS)]
            leaves = self.asked % 10 == 8
            self.ask("slow one two three" if leaves else words, leaves)

    def ask(self, words, leaves):
        connection = http.client.HTTPConnection(self.gateway.api, timeout=30)
        headers = {"content-type": "application/json"}
        connection.request("POST", DIALECTS[self.dialect], json.dumps(body(self.dialect, words)), headers)
        response = connection.getresponse()
        self.asked += 1
        if leaves:
            response.read(1)
            self.left += 1
        else:
            response.read()
            self.failed += words.startswith("fail")
        connection.close()


class Prometheus:
    def __init__(self, home, gateway):
        config = (DEPLOY / "prometheus/prometheus.yml").read_text()
        config = config.replace("127.0.0.1:8010", urllib.parse.urlsplit(gateway.metrics).netloc).replace("15s", "1s")
        (home / "prometheus.yml").write_text(config)
        shutil.copy(DEPLOY / "prometheus/alerts.yml", home)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={home / 'prometheus.yml'}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            cwd=home,
        )
        for _ in range(300):
            try:
                get(f"{self.url}/-/ready")
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("Prometheus does not start")

    def api(self, path, **parameters):
        answer = json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, query):
        """How many series a query has that hold a number."""
        end = time.time()
        found = self.api("query_range", query=query, start=end - LOAD / 2, end=end, step=1)["result"]
        return sum(any(not math.isnan(float(value)) for _, value in series["values"]) for series in found)

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def panels():
    dashboard = json.loads((DEPLOY / "grafana/warp2api.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]), "two panels share an id"
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", WINDOW)
            # As Grafana puts in what stands for all.
            yield panel["title"], re.sub(r"\$(instance|dialect|model)\b", ".*", query)


def check_panels(prometheus):
    empty, number = [], 0
    for title, query in panels():
        number += 1
        assert "$" not in query, f"{title}: an unknown variable in {query}"
        series = prometheus.values(query)
        print(f"  {title}: {series} series")
        if not series:
            empty.append(f"{title}: {query}")
    if empty:
        sys.exit("without data:\n" + "\n".join(empty))
    print(f"{number} queries of the dashboard have data")


def check_rules(prometheus):
    rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert len(rules) >= 10, rules
    for rule in rules:
        assert rule["health"] == "ok", rule
        assert rule["name"] not in ("Warp2apiDown", "Warp2apiNoUsableAccount") or rule["state"] == "inactive", rule
    print(f"{len(rules)} alerts can be evaluated")


def counted(text, **labels):
    """The sum of the turns with these labels."""
    found = re.findall(r"^warp2api_turns_total\{(.*)\} (\d+)$", text, re.MULTILINE)
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    return sum(int(value) for series, value in found if all(label in series for label in wanted))


def check_counts(gateway, loads):
    for _ in range(100):
        text = get(gateway.metrics)
        left = {load.dialect: counted(text, dialect=load.dialect, outcome="cancelled") for load in loads}
        if all(left[load.dialect] == load.left for load in loads):
            break
        time.sleep(0.1)
    for load in loads:
        own = (load.asked, load.failed, load.left)
        theirs = tuple(
            counted(text, dialect=load.dialect, **more) for more in ({}, {"outcome": "failed"}, {"outcome": "cancelled"})
        )
        print(f"  {load.dialect}: asked, failed, left: {own}; counted {theirs}")
        assert own == theirs
    assert not re.search(r"^warp2api_(turns|streams|pool_leases)_in_flight\{.*\} [^0]", text, re.MULTILINE), text
    return text


def main():
    promtool("check", "rules", str(DEPLOY / "prometheus/alerts.yml"))
    promtool("check", "config", str(DEPLOY / "prometheus/prometheus.yml"))
    promtool("test", "rules", str(ROOT / "tests/deploy/alerts_test.yml"))
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        gateway = Gateway(home, collector.server_port)
        prometheus = None
        try:
            prometheus = Prometheus(home, gateway)
            loads = [Load(gateway, dialect) for dialect in DIALECTS]
            time.sleep(LOAD)
            check_panels(prometheus)
            check_rules(prometheus)
            for load in loads:
                load.stop.set()
            for load in loads:
                load.thread.join()
            promtool("check", "metrics", stdin=check_counts(gateway, loads))
        finally:
            for load in locals().get("loads", []):
                load.stop.set()
            if prometheus:
                prometheus.end()
            code = gateway.end()
        assert code == 0, f"the gateway has ended with {code}"


if __name__ == "__main__":
    main()
