"""The Codex CLI before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run codex

installs Codex below target/interop and runs this. The upstream is the embedded one: it calls what it is told to call,
and then quotes what the tool gave back.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "tests/interop/python"))

from gateway import Gateway  # noqa: E402
from steps import answer, call, text  # noqa: E402

CODEX = REPOSITORY / "target/interop/codex/node_modules/.bin/codex"
CONFIG = """
model = "gpt-5-2-codex-high"
model_provider = "warp2api"
check_for_update_on_startup = false

[model_providers.warp2api]
name = "warp2api"
base_url = "{base_url}"
env_key = "WARP2API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
stream_idle_timeout_ms = 3000
"""


class Codex:
    """A home for Codex whose provider is a gateway, and a directory to work in."""

    def __init__(self, folder, gateway):
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        (self.home / "config.toml").write_text(CONFIG.format(base_url=gateway.base_url))

    def run(self, prompt, *arguments):
        """Gives Codex a task; returns what it says at the end, all its events, and its exit code."""
        last = self.home / "last.txt"
        last.write_text("")
        # There is nothing here that a sandbox would have to hold back, and not every machine can build one.
        command = [CODEX, "exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        done = subprocess.run(
            [*command, "--output-last-message", last, *arguments, prompt],
            cwd=self.work,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "CODEX_HOME": str(self.home), "WARP2API_KEY": "any"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert events, done.stderr
        return last.read_text(), events, done.returncode


@pytest.fixture
def codex(tmp_path):
    """Starts a gateway that plays the exchanges, or talks by itself, and gives a Codex that uses it."""
    gateways = []

    def start(*exchanges, **environment):
        gateways.append(Gateway(list(exchanges) or None, **environment))
        return Codex(tmp_path, gateways[0])

    yield start
    for gateway in gateways:
        gateway.stop()
        assert not any("panicked" in line for line in gateway.said), "".join(gateway.said)


def commands(events):
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item for item in items if item["type"] == "command_execution"]


def errors(events):
    return " ".join(str(event) for event in events if event["type"] in ("error", "turn.failed"))


def test_a_command_is_run_and_its_output_read(codex):
    agent = codex()
    (agent.work / "note.txt").write_text("zebra-60 grüßt 斑馬\n")
    said, events, code = agent.run('call exec_command {"cmd": "cat note.txt"}')
    assert code == 0, events
    (ran,) = commands(events)
    assert ran["exit_code"] == 0 and "zebra-60 grüßt 斑馬" in ran["aggregated_output"]
    assert "zebra-60 grüßt 斑馬" in said, "the output went to the upstream and came back"
    (turn,) = [event for event in events if event["type"] == "turn.completed"]
    assert turn["usage"]["input_tokens"] > 0 and turn["usage"]["output_tokens"] > 0


def test_a_file_is_written_and_the_answer_shown(codex):
    run = lambda number, command: call("exec_command", f"call-{number}", cmd=command)
    results = [{"tool_call_result": {"tool_call_id": f"call-{number}"}} for number in (1, 2)]
    agent = codex(
        answer({"reasoning": "Both at once."}, text("I write two files."), run(1, "echo one > a.txt"), run(2, "echo two > b.txt")),
        answer(run(3, "cat a.txt b.txt")) | {"expect": {"input": {"user_inputs": {"inputs": results}}}},
        answer(text("Both files are written.")),
    )
    said, events, code = agent.run("Write one to a.txt and two to b.txt")
    assert code == 0, events
    assert ((agent.work / "a.txt").read_text(), (agent.work / "b.txt").read_text()) == ("one\n", "two\n")
    assert [ran["exit_code"] for ran in commands(events)] == [0, 0, 0]
    assert said == "Both files are written."


def test_a_session_is_resumed(codex):
    agent = codex()
    agent.run("Remember zebra-61")
    said, events, code = agent.run("What about zebra-62?", "resume", "--last")
    assert (code, "zebra-62" in said) == (0, True), events


def test_a_long_silence_is_bridged(codex):
    agent = codex(answer(text("A while. "), {"delay_ms": 7000}, text("Late.")), WARP2API_HEARTBEAT="1s")
    said, events, code = agent.run("Take your time")
    assert (code, said) == (0, "A while. Late."), events
    assert not errors(events)


def test_spent_credits_end_the_turn_at_once(codex):
    agent = codex()
    for prompt in ("fail quota", "fail quota late"):
        _, events, code = agent.run(prompt)
        assert code != 0
        assert "quota" in errors(events).lower() and "reconnecting" not in errors(events).lower(), events


def test_a_full_context_is_named(codex):
    agent = codex()
    _, events, code = agent.run("fail context late")
    assert code != 0 and "context window" in errors(events), events


def test_a_broken_stream_is_tried_again(codex):
    agent = codex({"steps": [text("This breaks"), "cut"]}, answer(text("Now it is whole.")))
    said, events, code = agent.run("Go on")
    assert (code, said) == (0, "Now it is whole."), events


def test_codex_knows_what_the_plan_has_left_and_a_strict_gateway_serves_it(codex):
    agent = codex(answer(text("Something.")), WARP2API_STRICT="true")
    _, _, code = agent.run("Say something.")
    assert code == 0
    sessions = (agent.home / "sessions").rglob("*.jsonl")
    lines = [json.loads(line) for session in sessions for line in session.read_text().split("\n") if line]
    told = [line["payload"].get("rate_limits") for line in lines if line["payload"].get("type") == "token_count"]
    told = [limits for limits in told if limits and limits["primary"]]
    assert told, lines
    assert told[-1]["primary"]["window_minutes"] == 30 * 24 * 60
    assert told[-1]["primary"]["resets_at"] == 4070908800
    credits = told[-1]["credits"]
    assert (credits["has_credits"], credits["unlimited"]) == (True, False)
    # The answer itself costs one, which may be counted before or after its headers go out.
    assert credits["balance"] in ("299", "300")
