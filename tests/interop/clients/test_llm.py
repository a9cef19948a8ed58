"""The command `llm` before the gateway, as its documentation says to set it up: without `/v1`."""

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from steps import HEARTBEAT, SILENCE, WORDS, answer, call, minute, png, text

CLIENT = "llm"
VERSION = version("llm")

MODELS = """
- model_id: warp
  model_name: auto
  api_base: {api_base}
  supports_tools: true
  supports_schema: true
  vision: true
- model_id: warp-responses
  model_name: auto
  api_base: {api_base}
  responses: true
  reasoning: true
- model_id: nowhere
  model_name: no-such-model
  api_base: {api_base}
"""


@pytest.fixture
def starting(tmp_path):
    def start(gateway, *arguments, base=None):
        (tmp_path / "extra-openai-models.yaml").write_text(MODELS.format(api_base=base or gateway.root))
        return subprocess.Popen(
            [Path(sys.executable).with_name("llm"), *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_USER_PATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Which the shell that runs the suite in the background has it ignore.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture
def llm(starting):
    def run(gateway, *arguments, base=None):
        process = starting(gateway, *arguments, base=base)
        try:
            out, err = process.communicate(timeout=50)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.mark.parametrize(
    "options",
    [pytest.param([], marks=pytest.mark.shows("stream")), pytest.param(["--no-stream"], marks=pytest.mark.shows("text"))],
)
def test_text(playing, llm, options):
    done = llm(playing(answer(text(list(WORDS)))), "-m", "warp", *options, "Hello")
    assert (done.returncode, done.stdout.rstrip("\n")) == (0, WORDS), done.stderr


def test_a_base_with_v1_will_do_too(talking, llm):
    done = llm(talking, "-m", "warp", "Where is okapi-9?", base=talking.base_url)
    assert "okapi-9" in done.stdout, done.stderr


@pytest.mark.shows("parallel tools")
def test_parallel_tools(playing, llm):
    both = answer(call("first", "c1", text="a"), call("second", "c2", text="b"))
    code = "def first(text: str) -> str:\n  return text * 2\ndef second(text: str) -> str:\n  return text * 3\n"
    done = llm(playing(both, answer(text("All done."))), "-m", "warp", "--functions", code, "--td", "Go on")
    assert done.returncode == 0 and "All done." in done.stdout, done.stderr
    assert "aa" in done.stderr and "bbb" in done.stderr


@pytest.mark.shows("structured output")
def test_a_schema(playing, llm):
    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    done = llm(gateway, "-m", "warp", "--schema", "city, days int", "Where?")
    assert json.loads(done.stdout) == {"city": "Oslo", "days": 3}, done.stderr


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("model", "words", "told"),
    [
        ("warp", "fail 403", "403"),
        ("warp", "fail quota", "credits"),
        ("warp", "fail 503", "503"),
        ("warp", "fail context", "400"),
        ("nowhere", "Hello", "no-such-model"),
    ],
)
def test_a_failure_is_told(playing, llm, model, words, told):
    # A gateway of its own: an account that was forbidden is used no more.
    done = llm(playing(), "-m", model, words)
    assert done.returncode == 1 and "Error" in done.stderr and told in done.stderr, done.stderr


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_told(playing, llm):
    done = llm(playing(API_TOKEN="right-key"), "-m", "warp", "--key", "wrong-key", "Hello")
    assert done.returncode == 1 and "401" in done.stderr and "key" in done.stderr, done.stderr


@pytest.mark.shows("one tool")
def test_the_result_of_a_tool_reaches_the_upstream(talking, llm):
    code = "def get_weather(city: str) -> str:\n  return 'okapi-9 in ' + city\n"
    done = llm(talking, "-m", "warp", "--functions", code, 'call get_weather {"city": "Oslo"}')
    assert "okapi-9 in Oslo" in done.stdout, done.stderr


@pytest.mark.shows("reasoning")
def test_reasoning_is_told_apart(playing, llm):
    done = llm(playing(answer({"reasoning": "Hm."}, text("42"))), "-m", "warp-responses", "Why?")
    assert (done.stdout.strip(), "Hm." in done.stderr) == ("42", True), done.stderr


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(talking, llm, tmp_path):
    (tmp_path / "grey.png").write_bytes(png(4, 3))
    done = llm(talking, "-m", "warp", "-a", "grey.png", "describe the image")
    assert "image/png" in done.stdout, done.stderr


@pytest.mark.shows("cancel")
def test_an_interrupt_ends_the_upstreams_answer(playing, starting):
    gateway = playing(minute())
    process = starting(gateway, "-m", "warp", "Hello")
    try:
        assert process.stdout.read(5) == "word "
        process.send_signal(signal.SIGINT)
        assert gateway.was_abandoned()
        process.communicate(timeout=20)
    finally:
        process.kill()


@pytest.mark.shows("long silence")
def test_a_silence_is_waited_for(playing, llm):
    done = llm(playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT), "-m", "warp", "Hello")
    assert (done.returncode, done.stdout.strip()) == (0, "before after"), done.stderr
