"""The Gemini CLI before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run gemini-cli

installs it below target/interop and runs this. The upstream is the embedded one: it calls what it is told to call, and
then quotes what the tool gave back.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "tests/interop/python"))

from gateway import Gateway  # noqa: E402
from steps import answer, call, text  # noqa: E402

GEMINI = Path(
    os.environ.get("GEMINI_CLI", REPOSITORY / "target/interop/gemini-cli/node_modules/.bin/gemini")
).resolve()
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

    def run(self, prompt, key="any"):
        """Gives it a task; returns what it reports at the end, and its exit code."""
        done = subprocess.run(
            [GEMINI, "--prompt", prompt, "--model", "gemini-2.5-pro", "--yolo", "--output-format", "json"],
            cwd=self.work,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "GEMINI_API_KEY": key,
                "GOOGLE_GEMINI_BASE_URL": self.gateway.root,
                "GEMINI_CLI_TRUST_WORKSPACE": "true",
                "GEMINI_CLI_NO_RELAUNCH": "true",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        # The report is on either stream, behind whatever else was said; it begins on a line of its own.
        said = f"\n{done.stdout}\n{done.stderr}"
        start = said.find("\n{\n")
        assert start >= 0, said
        return json.JSONDecoder().raw_decode(said[start + 1 :])[0], done.returncode

    def turns(self):
        """The lines that the gateway's log has of turns."""
        return [line for line in self.gateway.said if 'dialect="gemini"' in line]


@pytest.fixture
def agent(tmp_path):
    """Starts a gateway that plays the exchanges, or talks by itself, and gives an agent that uses it."""
    gateways = []

    def start(*exchanges, **environment):
        gateways.append(Gateway(list(exchanges) or None, **environment))
        return GeminiCli(tmp_path, gateways[0])

    yield start
    for gateway in gateways:
        gateway.stop()
        assert not any("panicked" in line for line in gateway.said), "".join(gateway.said)


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


def test_a_long_silence_is_no_reason_to_give_up(agent):
    cli = agent(answer(text("before "), {"delay_ms": 2500}, text("after")), WARP2API_HEARTBEAT="200ms")
    report, code = cli.run("Hello")
    assert (code, report["response"]) == (0, "before after")
    assert len(cli.turns()) == 1


def test_spent_credits_end_it_at_once(agent):
    cli = agent({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}})
    begun = time.monotonic()
    report, code = cli.run("Hello")
    assert code != 0 and report["error"]["message"], report
    assert len(cli.turns()) == 1, cli.turns()
    assert time.monotonic() - begun < 60


def test_an_overload_is_tried_again(agent):
    cli = agent({"status": 529}, {"status": 529}, {"status": 529}, answer(text("Here now.")))
    report, code = cli.run("Hello")
    assert (code, report["response"]) == (0, "Here now."), report


def test_a_wrong_key_is_told(agent):
    cli = agent(API_TOKEN="right-key")
    report, code = cli.run("Hello", key="wrong-key")
    assert code != 0 and "key" in report["error"]["message"], report
    report, code = cli.run("Hello", key="right-key")
    assert code == 0, report
