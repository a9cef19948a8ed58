"""The Codex CLI before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run codex

installs Codex below target/interop and runs this. The upstream is the embedded one: it calls what it is told to call,
and then quotes what the tool gave back.
"""

import json

import pytest

from headless import Task, picture, program, version
from steps import answer, call, text

CLIENT = "Codex"
VERSION = version("codex", "@openai/codex")
CODEX = program("codex", "codex")
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
# Codex shows each item when it is complete: the thought, when the text begins.
UNENDING = answer({"reasoning": "Hm."}, text("Well, "), {"delay_ms": 60_000}, text("at last."))


class Codex:
    """A home for Codex whose provider is a gateway, and a directory to work in."""

    def __init__(self, folder, gateway):
        self.gateway = gateway
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        (self.home / "config.toml").write_text(CONFIG.format(base_url=gateway.base_url))

    def begin(self, prompt, *arguments, key="any"):
        """Gives Codex a task."""
        # There is nothing here that a sandbox would have to hold back, and not every machine can build one.
        command = [CODEX, "exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        environment = {"HOME": str(self.home), "CODEX_HOME": str(self.home), "WARP2API_KEY": key}
        last = ["--output-last-message", self.home / "last.txt"]
        return Task([*command, *last, *arguments, prompt], self.work, environment)

    def run(self, prompt, *arguments, key="any"):
        """Gives Codex a task; returns what it says at the end, all its events, and its exit code."""
        last = self.home / "last.txt"
        last.write_text("")
        task = self.begin(prompt, *arguments, key=key)
        code = task.end()
        assert task.events, task.everything
        return last.read_text(), task.events, code

    def turns(self):
        """The lines that the gateway's log has of turns."""
        return [line for line in self.gateway.said if 'dialect="openai_responses"' in line]


@pytest.fixture
def codex(tmp_path, playing):
    """Starts a gateway that plays the exchanges, or talks by itself, and gives a Codex that uses it."""
    return lambda *exchanges, **environment: Codex(tmp_path, playing(*exchanges, **environment))


def items(events, kind):
    completed = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item for item in completed if item["type"] == kind]


def errors(events):
    return " ".join(str(event) for event in events if event["type"] in ("error", "turn.failed"))


@pytest.mark.shows("text", "one tool")
def test_a_command_is_run_and_its_output_read(codex):
    agent = codex()
    (agent.work / "note.txt").write_text("zebra-60 grüßt 斑馬\n")
    said, events, code = agent.run('call exec_command {"cmd": "cat note.txt"}')
    assert code == 0, events
    (ran,) = items(events, "command_execution")
    assert ran["exit_code"] == 0 and "zebra-60 grüßt 斑馬" in ran["aggregated_output"]
    assert "zebra-60 grüßt 斑馬" in said, "the output went to the upstream and came back"
    (turn,) = [event for event in events if event["type"] == "turn.completed"]
    assert turn["usage"]["input_tokens"] > 0 and turn["usage"]["output_tokens"] > 0


@pytest.mark.shows("parallel tools", "reasoning")
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
    assert [ran["exit_code"] for ran in items(events, "command_execution")] == [0, 0, 0]
    assert [thought["text"] for thought in items(events, "reasoning")] == ["Both at once."]
    assert said == "Both files are written."


@pytest.mark.shows("stream")
def test_what_is_done_is_shown_before_the_answer_ends(codex):
    agent = codex(UNENDING, WARP2API_HEARTBEAT="1s")
    task = agent.begin("Take your time")
    task.awaits(lambda event: items([event], "reasoning"))
    assert not agent.turns(), "the answer is still going on"
    task.interrupt()


@pytest.mark.shows("image")
def test_a_picture_reaches_the_upstream(codex):
    agent = codex()
    (agent.work / "red.png").write_bytes(picture())
    said, events, code = agent.run("describe the image", "--image=red.png")
    assert (code, said) == (0, f"There came 1 image. Image 1 is of type image/png and has {len(picture())} bytes."), events


@pytest.mark.shows("structured output")
def test_an_answer_has_the_form_that_was_asked_for(codex):
    # The first answer does not have it, and is not shown.
    agent = codex(answer(text("It is Oslo.")), answer(text('{"city": "Oslo"}')))
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    (agent.home / "schema.json").write_text(json.dumps(schema))
    said, events, code = agent.run("Which city?", "--output-schema", str(agent.home / "schema.json"))
    assert (code, json.loads(said)) == (0, {"city": "Oslo"}), events


def test_a_session_is_resumed(codex):
    agent = codex()
    agent.run("Remember zebra-61")
    said, events, code = agent.run("What about zebra-62?", "resume", "--last")
    assert (code, "zebra-62" in said) == (0, True), events


@pytest.mark.shows("long silence")
def test_a_long_silence_is_bridged(codex):
    agent = codex(answer(text("A while. "), {"delay_ms": 7000}, text("Late.")), WARP2API_HEARTBEAT="1s")
    said, events, code = agent.run("Take your time")
    assert (code, said) == (0, "A while. Late."), events
    assert not errors(events)


@pytest.mark.shows("cancel")
def test_an_interrupted_task_ends_the_upstream_too(codex):
    agent = codex(UNENDING, WARP2API_HEARTBEAT="1s")
    task = agent.begin("Take your time")
    task.awaits(lambda event: items([event], "reasoning"))
    task.interrupt()
    assert agent.gateway.was_abandoned(), agent.gateway.said


@pytest.mark.shows("error classes")
def test_spent_credits_end_the_turn_at_once(codex):
    agent = codex()
    for prompt in ("fail quota", "fail quota late"):
        _, events, code = agent.run(prompt)
        assert code != 0
        assert "quota" in errors(events).lower() and "reconnecting" not in errors(events).lower(), events


@pytest.mark.shows("error classes")
def test_a_full_context_is_named(codex):
    agent = codex()
    _, events, code = agent.run("fail context late")
    assert code != 0 and "context window" in errors(events), events


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_told(codex):
    agent = codex(API_TOKEN="right-key")
    _, events, code = agent.run("Hello", key="wrong-key")
    assert code != 0 and "401" in errors(events), events
    _, events, code = agent.run("Hello", key="right-key")
    assert code == 0, events


@pytest.mark.shows("error classes")
def test_an_unknown_model_is_told_at_once(codex):
    agent = codex()
    _, events, code = agent.run("Hello", "--model", "no-such-model")
    assert code != 0 and "no-such-model" in errors(events), events
    assert len(agent.turns()) == 1, agent.turns()


@pytest.mark.shows("error classes")
def test_an_overload_is_tried_again(codex):
    agent = codex({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, answer(text("Here now.")))
    said, events, code = agent.run("Hello")
    assert (code, said) == (0, "Here now."), events
    assert len(agent.turns()) == 2, agent.turns()


@pytest.mark.shows("error classes")
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
