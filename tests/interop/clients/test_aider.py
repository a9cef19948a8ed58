"""aider before the gateway: a file is changed as the model says. It has no tools, but edits in its answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from steps import answer, text

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
def aider(tmp_path):
    def run(gateway, message):
        (tmp_path / "hello.py").write_text('print("hello")\n')
        done = subprocess.run(
            [
                Path(sys.executable).with_name("aider"), "--model", "openai/auto", "--edit-format", "diff", "--no-git",
                "--yes-always", "--no-check-update", "--analytics-disable", "--no-show-model-warnings",
                "--no-show-release-notes", "--no-detect-urls", "--message", message, "hello.py",
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "OPENAI_API_BASE": gateway.base_url,
                "OPENAI_API_KEY": "any",
                # No prices are fetched from the net.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=170,
        )
        return done, (tmp_path / "hello.py").read_text()

    return run


@pytest.mark.timeout(180)
def test_an_edit_is_made(playing, aider):
    # In pieces, as a model streams.
    done, code = aider(playing(answer(text([EDIT[at : at + 7] for at in range(0, len(EDIT), 7)]))), "Greet the okapi")
    assert code == 'print("hello, okapi")\n', done.stdout + done.stderr
    assert "Tokens:" in done.stdout


@pytest.mark.timeout(180)
def test_a_full_context_is_told_as_such(playing, aider):
    exchange = {"steps": [{"finish": {"reason": "context_window_exceeded"}}]}
    done, code = aider(playing(exchange), "Greet the okapi")
    assert code == 'print("hello")\n'
    assert "exceed" in done.stdout.lower() and "context" in done.stdout.lower(), done.stdout
