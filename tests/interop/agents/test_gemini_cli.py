"""The Gemini CLI before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run gemini-cli

installs it below target/interop and runs this. The upstream is the embedded one: it calls what it is told to call, and
then quotes what the tool gave back.
"""

import json

import pytest

from headless import Task, picture, program, version
from steps import answer, call, text

CLIENT = "Gemini CLI"
VERSION = version("gemini-cli", "@google/gemini-cli")
GEMINI = program("gemini-cli", "gemini")
SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"disableAutoUpdate": True},
}


class GeminiCli:
    """A home for the Gemini CLI, which it points at a gateway, and a directory to work in."""

    def __init__(self, folder, gateway):
        self.gateway = gateway
        self.home, self.work = folder / "home", folder / "work"
        (self.home / ".gemini").mkdir(parents=True)
        self.work.mkdir()
        (self.home / ".gemini/settings.json").write_text(json.dumps(SETTINGS))

    def begin(self, prompt, form, key="any", model="gemini-2.5-pro"):
        """Gives it a task, whose report is to have a form."""
        environment = {
            "HOME": str(self.home),
            "GEMINI_API_KEY": key,
            "GOOGLE_GEMINI_BASE_URL": self.gateway.root,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_CLI_NO_RELAUNCH": "true",
        }
        return Task([GEMINI, "--prompt", prompt, "--model", model, "--yolo", "--output-format", form], self.work, environment)

    def run(self, prompt, **options):
        """Gives it a task; returns what it reports at the end, and its exit code."""
        task = self.begin(prompt, "json", **options)
        code = task.end()
        # The report is on either stream, behind whatever else was said; it begins on a line of its own.
        said = "\n" + "".join(task.said) + "\n" + "".join(task.told)
        start = said.find("\n{\n")
        assert start >= 0, said
        return json.JSONDecoder().raw_decode(said[start + 1 :])[0], code

    def turns(self):
        """The lines that the gateway's log has of turns."""
        return [line for line in self.gateway.said if 'dialect="gemini"' in line]


@pytest.fixture
def agent(tmp_path, playing):
    """Starts a gateway that plays the exchanges, or talks by itself, and gives an agent that uses it."""
    return lambda *exchanges, **environment: GeminiCli(tmp_path, playing(*exchanges, **environment))


def deltas(events):
    """The pieces of the answer in the order in which they came."""
    return [event["content"] for event in events if event["type"] == "message" and event["role"] == "assistant"]


@pytest.mark.shows("text", "one tool")
def test_a_file_is_read_and_what_is_in_it_is_told(agent):
    cli = agent()
    (cli.work / "note.txt").write_text("The secret word is okapi-9.\n")
    report, code = cli.run('call read_file {"file_path": "note.txt"}')
    assert code == 0, report
    assert "okapi-9" in report["response"]
    tools = report["stats"]["tools"]
    assert (tools["totalCalls"], tools["totalSuccess"]) == (1, 1)
    [used] = report["stats"]["models"].values()
    assert used["api"]["totalErrors"] == 0 and used["tokens"]["prompt"] > 0 and used["tokens"]["candidates"] > 0


@pytest.mark.shows("stream")
def test_words_are_shown_as_they_come(agent):
    task = agent(answer(text("One two three."))).begin("Count", "stream-json")
    assert (task.end(), deltas(task.events)) == (0, ["One ", "two ", "three."]), task.everything


@pytest.mark.shows("parallel tools")
def test_two_calls_in_one_answer_both_have_results(agent):
    both = answer(
        {"reasoning": "Hm."},
        text("I will write and look."),
        call("write_file", "c1", file_path="made.txt", content="by the agent\n"),
        call("list_directory", "c2", dir_path="."),
    )
    cli = agent(both, answer(text("All done.")))
    report, code = cli.run("Make a file")
    assert code == 0, report
    assert (cli.work / "made.txt").read_text() == "by the agent\n"
    assert report["response"].endswith("All done.")
    assert report["stats"]["tools"]["totalSuccess"] == 2, report


@pytest.mark.shows("reasoning")
def test_thoughts_are_counted_and_no_part_of_the_answer(agent):
    # Headless, it shows no more of them than their number.
    report, code = agent(answer({"reasoning": "Let me see what that might be."}, text("It is okapi."))).run("Think")
    assert (code, report["response"]) == (0, "It is okapi."), report
    [used] = report["stats"]["models"].values()
    assert used["tokens"]["thoughts"] > 0, used


@pytest.mark.shows("image")
def test_a_picture_reaches_the_upstream(agent):
    cli = agent()
    (cli.work / "red.png").write_bytes(picture())
    report, code = cli.run("describe the image\n@red.png")
    seen = f"There came 1 image. Image 1 is of type image/png and has {len(picture())} bytes."
    assert (code, report["response"]) == (0, seen), report


@pytest.mark.shows("long silence")
def test_a_long_silence_is_no_reason_to_give_up(agent):
    cli = agent(answer(text("before "), {"delay_ms": 2500}, text("after")), WARP2API_HEARTBEAT="200ms")
    report, code = cli.run("Hello")
    assert (code, report["response"]) == (0, "before after")
    assert len(cli.turns()) == 1


@pytest.mark.shows("cancel")
def test_an_interrupted_task_ends_the_upstream_too(agent):
    cli = agent(answer(text("Well, "), {"delay_ms": 60_000}, text("at last.")))
    task = cli.begin("Take your time", "stream-json")
    task.awaits(lambda event: deltas([event]))
    task.interrupt()
    assert cli.gateway.was_abandoned(), cli.gateway.said


@pytest.mark.shows("error classes")
def test_spent_credits_end_it_at_once(agent):
    cli = agent({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}})
    report, code = cli.run("Hello")
    assert code != 0 and report["error"]["message"], report
    assert len(cli.turns()) == 1, cli.turns()


@pytest.mark.shows("error classes")
def test_an_overload_is_tried_again(agent):
    cli = agent({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, answer(text("Here now.")))
    report, code = cli.run("Hello")
    assert (code, report["response"]) == (0, "Here now."), report
    assert len(cli.turns()) == 2, cli.turns()


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_told(agent):
    cli = agent(API_TOKEN="right-key")
    report, code = cli.run("Hello", key="wrong-key")
    assert code != 0 and "key" in report["error"]["message"], report
    report, code = cli.run("Hello", key="right-key")
    assert code == 0, report


@pytest.mark.shows("error classes")
def test_an_unknown_model_is_told(agent):
    cli = agent()
    report, code = cli.run("Hello", model="no-such-model")
    assert code != 0 and "no-such-model" in report["error"]["message"], report
    assert len(cli.turns()) == 1, cli.turns()
