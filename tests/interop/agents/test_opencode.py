"""opencode before the gateway, through each of the three packages that it has for such providers: real tasks, headless,
each in a home and a working directory of its own.

    tests/interop/run opencode

installs opencode below target/interop and runs this. The upstream is the embedded one, which plays what a model would
do, or calls what it is told to call and quotes what the tool gave back.
"""

import json

import pytest

from headless import Task, picture, program, version
from steps import answer, call, text

CLIENT = "opencode"
VERSION = version("opencode", "opencode-ai")
OPENCODE = program("opencode", "opencode")
PACKAGES = {
    "@ai-sdk/openai-compatible": "openai_chat",
    "@ai-sdk/openai": "openai_responses",
    "@ai-sdk/anthropic": "anthropic",
}
# It shows each part when it is complete: the thought, when the text begins.
UNENDING = answer({"reasoning": "Hm."}, text("Well, "), {"delay_ms": 60_000}, text("at last."))


def config(package, gateway, key, patience):
    """A provider that is the gateway, with a model that it has and one that it does not have."""
    able = {"attachment": True, "tool_call": True, "reasoning": True}
    able["modalities"] = {"input": ["text", "image"], "output": ["text"]}
    if package == "@ai-sdk/anthropic":
        able["options"] = {"thinking": {"type": "enabled", "budgetTokens": 4096}}
    provider = {
        "npm": package,
        "options": {"baseURL": gateway.base_url, "apiKey": key, "chunkTimeout": patience},
        "models": {name: {"name": name, **able} for name in ("auto", "no-such-model")},
    }
    return {"autoupdate": False, "share": "disabled", "enabled_providers": ["gateway"], "provider": {"gateway": provider}}


class Opencode:
    """A home for opencode whose provider is a gateway, and a directory to work in."""

    def __init__(self, folder, package, gateway):
        self.package, self.gateway = package, gateway
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()

    def begin(self, prompt, *flags, model="auto", key="any", patience=60_000):
        """Gives it a task. With a title, it does not ask for one."""
        settings = config(self.package, self.gateway, key, patience)
        environment = {
            "HOME": str(self.home),
            "OPENCODE_CONFIG_CONTENT": json.dumps(settings),
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        }
        command = [OPENCODE, "run", "--pure", "--format", "json", "--thinking", "--auto", "--model", f"gateway/{model}"]
        return Task([*command, *flags], self.work, environment, prompt)

    def run(self, prompt, *flags, titled=True, **options):
        """Gives it a task; returns what it says, all its events, and its exit code."""
        task = self.begin(prompt, *(["--title", "A task"] if titled else []), *flags, **options)
        code = task.end()
        assert task.events, task.everything
        return "".join(part["text"] for part in parts(task.events, "text")), task.events, code

    def turns(self):
        """The lines that the gateway's log has of turns."""
        return [line for line in self.gateway.said if f'dialect="{PACKAGES[self.package]}"' in line]


@pytest.fixture(params=PACKAGES)
def opencode(request, tmp_path, playing):
    """Starts a gateway that plays the exchanges, or talks by itself, and gives an opencode that uses it."""
    return lambda *exchanges, **environment: Opencode(tmp_path, request.param, playing(*exchanges, **environment))


def parts(events, kind):
    return [event["part"] for event in events if event["type"] == kind]


def errors(events):
    return [event["error"]["data"] for event in events if event["type"] == "error"]


@pytest.mark.shows("text", "one tool")
def test_a_file_is_read_and_what_is_in_it_is_told(opencode):
    agent = opencode()
    note = agent.work / "note.txt"
    note.write_text("The word is okapi-77.\n")
    said, events, code = agent.run("call read " + json.dumps({"filePath": str(note)}), titled=False)
    assert code == 0, events
    (read,) = parts(events, "tool_use")
    assert (read["tool"], read["state"]["status"]) == ("read", "completed") and "okapi-77" in read["state"]["output"]
    assert "okapi-77" in said, "the output went to the upstream and came back"
    used = [part["tokens"] for part in parts(events, "step_finish")]
    assert all(tokens["input"] > 1000 and tokens["output"] > 0 for tokens in used), used
    assert len(agent.turns()) == 3 and all("status=200" in line for line in agent.turns()), "one of them is for the title"


@pytest.mark.shows("stream", "cancel")
def test_an_interrupted_task_ends_the_upstream_too(opencode):
    agent = opencode(UNENDING)
    task = agent.begin("Take your time", "--title", "A task")
    task.awaits(lambda event: parts([event], "reasoning"))
    assert not agent.turns(), "the answer is still going on"
    task.interrupt()
    assert agent.gateway.was_abandoned(), agent.gateway.said


@pytest.mark.shows("parallel tools", "reasoning")
def test_two_calls_in_one_answer_both_have_results(opencode):
    write = lambda number: call("bash", f"call-{number}", command=f"echo {number} > {number}.txt", description="Writes")
    results = [{"tool_call_result": {"tool_call_id": f"call-{number}"}} for number in (1, 2)]
    agent = opencode(
        answer({"reasoning": "Both at once."}, text("I write two files."), write(1), write(2)),
        answer(text("Both are written.")) | {"expect": {"input": {"user_inputs": {"inputs": results}}}},
    )
    said, events, code = agent.run("Write two files")
    assert (code, said) == (0, "I write two files.Both are written."), events
    assert [(agent.work / f"{number}.txt").read_text() for number in (1, 2)] == ["1\n", "2\n"]
    assert [part["text"] for part in parts(events, "reasoning")] == ["Both at once."]


@pytest.mark.shows("image")
def test_a_picture_reaches_the_upstream(opencode):
    agent = opencode()
    (agent.work / "red.png").write_bytes(picture())
    said, events, code = agent.run("describe the image", "--file", "red.png")
    assert (code, said) == (0, f"There came 1 image. Image 1 is of type image/png and has {len(picture())} bytes."), events


@pytest.mark.shows("long silence")
def test_a_long_silence_is_bridged(opencode):
    agent = opencode(answer(text("A while. "), {"delay_ms": 6000}, text("Late.")), WARP2API_HEARTBEAT="500ms")
    said, events, code = agent.run("Take your time", patience=2500)
    assert (code, said) == (0, "A while. Late."), events
    assert len(agent.turns()) == 1, agent.turns()


@pytest.mark.shows("error classes")
def test_spent_credits_are_told(opencode):
    # It takes every 429 for something that passes, whatever the answer says to that: six times it asks, with pauses of
    # more than a minute in all unless the answer says how long.
    agent = opencode({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS", "retry-after": "1"}})
    _, events, code = agent.run("Hello")
    (error,) = errors(events)
    assert (code, error["statusCode"]) == (1, 429) and "credits" in error["message"], events
    assert 1 < len(agent.turns()) < 10, agent.turns()


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_told(opencode):
    agent = opencode(API_TOKEN="right-key")
    _, events, code = agent.run("Hello", key="wrong-key")
    (error,) = errors(events)
    assert (code, error["statusCode"], error["isRetryable"]) == (1, 401, False), events
    _, events, code = agent.run("Hello", key="right-key")
    assert code == 0, events


@pytest.mark.shows("error classes")
def test_an_unknown_model_is_told_at_once(opencode):
    agent = opencode()
    _, events, code = agent.run("Hello", model="no-such-model")
    (error,) = errors(events)
    assert (code, error["statusCode"]) == (1, 404) and "no-such-model" in error["message"], events
    assert len(agent.turns()) == 1, agent.turns()


@pytest.mark.shows("error classes")
def test_an_overload_is_tried_again(opencode):
    agent = opencode({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, answer(text("Here now.")))
    said, events, code = agent.run("Hello")
    assert (code, said) == (0, "Here now."), events
    assert len(agent.turns()) == 2, agent.turns()
