"""What the tests of agents share: an agent at work, which can be listened to and interrupted, and what it is given.

It must not know any agent, nor what the gateway answers.
"""

import json
import os
import signal
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path

INSTALLED = Path(__file__).resolve().parents[3] / "target/interop"
PATIENCE = 150.0


def program(suite, name):
    """A command that the suite has installed."""
    return INSTALLED / suite / "node_modules/.bin" / name


def version(suite, package):
    """The version of a package that the suite has installed."""
    return json.loads((INSTALLED / suite / "node_modules" / package / "package.json").read_text())["version"]


def picture():
    """A red square as PNG."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\xff\0\0" * 8) * 8
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Task:
    """An agent at work in a folder, with an environment of its own, in a process group as a terminal would give it."""

    def __init__(self, command, folder, environment, prompt=""):
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said, self.told = [], []
        self._listeners = [self._listen(self.process.stdout, self.said), self._listen(self.process.stderr, self.told)]
        try:
            with self.process.stdin as stdin:
                stdin.write(prompt)
        except BrokenPipeError:
            # It ended before it read anything; its exit code says so.
            pass

    @staticmethod
    def _listen(stream, lines):
        def listen():
            for line in stream:
                lines.append(line)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        return listener

    @property
    def events(self):
        """What it has printed so far, where that is one JSON object a line."""
        return [json.loads(line) for line in list(self.said) if line.startswith("{") and line.endswith("}\n")]

    @property
    def everything(self):
        return "".join([*self.said, *self.told])

    def awaits(self, is_it):
        """Waits for an event."""
        deadline = time.monotonic() + PATIENCE
        while not any(is_it(event) for event in self.events):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise AssertionError(f"what was waited for never came:\n{self.everything}")
            time.sleep(0.02)

    def interrupt(self):
        """What a terminal does at Ctrl-C; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self):
        """Waits for the end, and returns the exit code. What will not end is ended."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent did not end:\n{self.everything}") from None
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                # Nothing of it is left.
                pass
            self.process.wait()
            for listener in self._listeners:
                listener.join(5)
