"""aider before the gateway: a file is changed as the model says. It has no tools, but edits in its answers."""

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from steps import HEARTBEAT, SILENCE, TIMER, answer, minute, png, text

CLIENT = "aider"
VERSION = version("aider-chat")
# Without it aider does not believe that a model it has not heard of sees pictures.
SEEING = {"openai/auto": {"supports_vision": True, "max_input_tokens": 100_000, "mode": "chat", "litellm_provider": "openai"}}

EDIT = """I will greet.

hello.py
```
<<<<<<< SEARCH
print("hello")
=======
print("hello, okapi")
>>>>>>> REPLACE
```
"""


@pytest.fixture
def starting(tmp_path):
    def start(gateway, message, *options, files=("hello.py",), model="auto", key="any"):
        (tmp_path / "hello.py").write_text('print("hello")\n')
        (tmp_path / "models.json").write_text(json.dumps(SEEING))
        return subprocess.Popen(
            [
                Path(sys.executable).with_name("aider"), "--model", f"openai/{model}", "--edit-format", "diff", "--no-git",
                "--yes-always", "--no-check-update", "--analytics-disable", "--no-show-model-warnings", "--no-pretty",
                "--no-show-release-notes", "--no-detect-urls", "--model-metadata-file", "models.json", *options,
                "--message", message, *files,
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "OPENAI_API_BASE": gateway.base_url,
                "OPENAI_API_KEY": key,
                # No prices are fetched from the net.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Which the shell that runs the suite in the background has it ignore.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture
def aider(starting, tmp_path):
    """Runs aider to its end; gives what it said, and the file that it may have changed."""

    def run(*arguments, **options):
        process = starting(*arguments, **options)
        try:
            said, _ = process.communicate(timeout=170)
        finally:
            process.kill()
        return said, (tmp_path / "hello.py").read_text()

    return run


@pytest.mark.parametrize(
    "options",
    [pytest.param([], marks=pytest.mark.shows("stream")), pytest.param(["--no-stream"], marks=pytest.mark.shows("text"))],
)
def test_an_edit_is_made(playing, aider, options):
    # In pieces, as a model streams.
    pieces = [EDIT[at : at + 7] for at in range(0, len(EDIT), 7)]
    said, code = aider(playing(answer(text(pieces))), "Greet the okapi", *options)
    assert code == 'print("hello, okapi")\n', said
    assert "Tokens:" in said


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("words", "options", "kind", "told"),
    [
        ("fail context", {}, "has hit a token limit", ""),
        ("fail quota", {}, "RateLimitError", "credits"),
        # LiteLLM, by which aider asks, knows no other class for a body that says invalid_request_error.
        ("fail 403", {}, "BadRequestError", "forbids"),
        ("fail 503", {}, "ServiceUnavailableError", ""),
        ("Hello", {"model": "no-such-model"}, "NotFoundError", "no-such-model"),
        ("Hello", {"key": "wrong-key"}, "AuthenticationError", "key"),
    ],
)
def test_a_failure_is_told_as_what_it_is(playing, starting, tmp_path, words, options, kind, told):
    gateway = playing(API_TOKEN="right-key")
    process = starting(gateway, words, **({"key": "right-key"} | options))
    said = ""
    try:
        # It tries again for a minute what may pass, so what it says is read as it comes.
        while not (kind in said and told in said):
            said += process.stdout.readline() or pytest.fail(said)
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "hello.py").read_text() == 'print("hello")\n'


@pytest.mark.shows("reasoning")
def test_reasoning_is_set_apart(playing, aider):
    said, _ = aider(playing(answer({"reasoning": "An okapi, then."}, text("42"))), "Why?")
    before, _, after = said.partition("An okapi, then.")
    assert "THINKING" in before and "ANSWER" in after and "42" in after, said


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(playing, aider, tmp_path):
    (tmp_path / "grey.png").write_bytes(png(4, 3))
    # It is not in the question itself, but shown before it, and behind eight messages that aider always begins with.
    shown = {"user_query": {"context": {"images": [{"mime_type": "image/png"}]}}}
    messages = ["${any}"] * 8 + [shown, {"agent_output": {}}]
    expected = {"task_context": {"tasks": [{"messages": messages}]}}
    gateway = playing(answer(text("It is grey.")) | {"expect": expected})
    said, _ = aider(gateway, "describe the image", files=("grey.png",))
    assert "It is grey." in said, said


@pytest.mark.shows("cancel")
def test_an_interrupt_ends_the_upstreams_answer(playing, starting):
    gateway = playing(minute())
    process = starting(gateway, "Hello")
    try:
        seen = ""
        while "word" not in seen:
            seen += process.stdout.read(1) or pytest.fail(seen)
        process.send_signal(signal.SIGINT)
        assert gateway.was_abandoned()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing, aider):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    said, _ = aider(gateway, "Hello", "--timeout", str(TIMER))
    assert "before after" in said, said
