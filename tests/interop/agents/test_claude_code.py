"""Claude Code before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run claude-code

installs Claude Code below target/interop and runs this. The upstream is the embedded one, which plays what a model would
do.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "tests/interop/python"))

from gateway import Gateway  # noqa: E402
from steps import answer, call, text  # noqa: E402

CLAUDE = REPOSITORY / "target/interop/claude-code/node_modules/.bin/claude"


@pytest.fixture
def playing():
    """Starts gateways whose upstream plays given exchanges."""
    started = []

    def start(*exchanges):
        started.append(Gateway(list(exchanges)))
        return started[-1]

    yield start
    for gateway in started:
        code, _ = gateway.stop()
        assert code == 0 and not any("panicked" in line for line in gateway.said), "".join(gateway.said)


def claude(gateway, folder, prompt, *flags, **environment):
    """The exit code of a headless run, and what it printed."""
    scrubbed = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ANTHROPIC_BASE_URL": gateway.root,
        "ANTHROPIC_API_KEY": "any",
        "ANTHROPIC_MODEL": "auto",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "auto",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = [CLAUDE, "-p", prompt, "--output-format", "stream-json", "--verbose", *flags]
    run = subprocess.run(command, cwd=folder, env=scrubbed | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="warp2api-agent-") as name:
        Path(name, "secret.txt").write_text("The word is okapi-77.\n")
        yield Path(name)


def blocks(lines, role):
    return [block for line in lines if line["type"] == role for block in line["message"]["content"]]


def results_of(*ids):
    """What the upstream must be told after calls with these ids."""
    inputs = [{"tool_call_result": {"tool_call_id": call_id}} for call_id in ids]
    return {"expect": {"input": {"user_inputs": {"inputs": inputs}}}}


def test_it_reads_a_file_and_answers(playing, folder):
    read = call("Read", "toolu_1", file_path=str(folder / "secret.txt"))
    first = answer({"reasoning": "It is in the file."}, text("I shall read it."), read)
    gateway = playing(first, answer(text("It is okapi.")) | results_of("toolu_1"))
    code, lines = claude(gateway, folder, "Which word is in secret.txt?", "--allowedTools", "Read")
    said = blocks(lines, "assistant")
    assert [block["type"] for block in said] == ["thinking", "text", "tool_use", "text"]
    (result,) = [block for block in blocks(lines, "user") if block["type"] == "tool_result"]
    assert "okapi-77" in result["content"] and not result.get("is_error")
    last = lines[-1]
    assert (code, last["subtype"], last["is_error"], last["num_turns"]) == (0, "success", False, 2)
    assert last["result"] == "It is okapi."
    usages = [line["message"]["usage"] for line in lines if line["type"] == "assistant"]
    assert all(usage["input_tokens"] > 1000 for usage in usages), "the input is known from the start"


def test_parallel_calls_in_one_answer(playing, folder):
    read = call("Read", "toolu_1", file_path=str(folder / "secret.txt"))
    again = call("Read", "toolu_2", file_path=str(folder / "absent.txt"))
    listed = call("Bash", "toolu_3", command="ls", description="Lists the files")
    gateway = playing(answer(read, again, listed), answer(text("Done.")) | results_of("toolu_1", "toolu_2", "toolu_3"))
    code, lines = claude(gateway, folder, "Look around.", "--allowedTools", "Read,Bash")
    results = {block["tool_use_id"]: block for block in blocks(lines, "user") if block["type"] == "tool_result"}
    assert "okapi-77" in results["toolu_1"]["content"]
    assert results["toolu_2"]["is_error"]
    assert "secret.txt" in results["toolu_3"]["content"]
    assert (code, lines[-1]["result"]) == (0, "Done.")


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        ({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}}, "credit"),
        ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, "prompt is too long"),
        ({"status": 403}, "403"),
        ({"steps": [text("half of"), {"delay_ms": 300}, "cut"]}, ""),
    ],
)
def test_a_failure_is_told_as_one(playing, folder, exchange, words):
    code, lines = claude(playing(exchange), folder, "Hello")
    last = lines[-1]
    assert code == 1 and last["is_error"], last
    assert words in last["result"].lower(), last["result"]


def test_an_overloaded_model_is_asked_again(playing, folder):
    gateway = playing({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, answer(text("Here I am.")))
    code, lines = claude(gateway, folder, "Hello", CLAUDE_CODE_MAX_RETRIES="2")
    assert (code, lines[-1]["result"]) == (0, "Here I am.")
