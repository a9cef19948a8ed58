"""The command `llm` before the gateway, as its documentation says to set it up: without `/v1`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from steps import WORDS, answer, call, text

MODEL = """
- model_id: warp
  model_name: auto
  api_base: {api_base}
  supports_tools: true
  supports_schema: true
"""


@pytest.fixture
def llm(tmp_path):
    def run(gateway, *arguments, base=None):
        (tmp_path / "extra-openai-models.yaml").write_text(MODEL.format(api_base=base or gateway.root))
        return subprocess.run(
            [Path(sys.executable).with_name("llm"), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_USER_PATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("options", [[], ["--no-stream"]])
def test_text(playing, llm, options):
    done = llm(playing(answer(text(list(WORDS)))), "-m", "warp", *options, "Hello")
    assert (done.returncode, done.stdout.rstrip("\n")) == (0, WORDS), done.stderr


def test_a_base_with_v1_will_do_too(talking, llm):
    done = llm(talking, "-m", "warp", "Where is okapi-9?", base=talking.base_url)
    assert "okapi-9" in done.stdout, done.stderr


def test_parallel_tools(playing, llm):
    both = answer(call("first", "c1", text="a"), call("second", "c2", text="b"))
    code = "def first(text: str) -> str:\n  return text * 2\ndef second(text: str) -> str:\n  return text * 3\n"
    done = llm(playing(both, answer(text("All done."))), "-m", "warp", "--functions", code, "--td", "Go on")
    assert done.returncode == 0 and "All done." in done.stdout, done.stderr
    assert "aa" in done.stderr and "bbb" in done.stderr


def test_a_schema(playing, llm):
    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    done = llm(gateway, "-m", "warp", "--schema", "city, days int", "Where?")
    assert json.loads(done.stdout) == {"city": "Oslo", "days": 3}, done.stderr


def test_a_failure_is_told(playing, llm):
    done = llm(playing({"status": 403}), "-m", "warp", "Hello")
    assert done.returncode != 0 and "Error" in done.stderr
