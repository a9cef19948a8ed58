"""Starts the gateway as a user would, on a free port, and ends it by its process id."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("WARP2API_BIN", REPOSITORY / "target/debug/warp2api")).resolve()
PATIENCE = 30.0
# What the simulator logs.
ABANDONED = "went away before the end of its answer"


class Gateway:
    """A running `warp2api serve` before the embedded upstream.

    Given `exchanges`, the upstream plays them: the first request gets the first, and the last one answers all that
    follow. Without them it talks by itself, without pauses.
    """

    def __init__(self, exchanges=None, **environment):
        self._home = tempfile.TemporaryDirectory(prefix="warp2api-interop-")
        upstream = "simulator:fast"
        if exchanges is not None:
            scenario = Path(self._home.name, "scenario.json")
            scenario.write_text(json.dumps({"exchanges": exchanges}))
            upstream = f"simulator:{scenario}"
        scrubbed = {"PATH": os.environ["PATH"], "HOME": self._home.name, "WARP2API_HOME": self._home.name}
        scrubbed["WARP2API_BRIDGE_LISTEN"] = "off"
        # What one request has done to the account is not to stand in the next one's way.
        scrubbed["WARP2API_LONGEST_REST"] = "1ms"
        self._environment = scrubbed | environment
        self.process = subprocess.Popen(
            [BINARY, "--upstream", upstream, "serve", "--listen", "127.0.0.1:0"],
            cwd=self._home.name,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = []
        self._greeted = threading.Event()
        self.base_url = None
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._greeted.wait(PATIENCE) or self.base_url is None:
            self.stop()
            raise AssertionError("the gateway did not start:\n" + "".join(self.said))

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line)
            found = re.search(r"OPENAI_BASE_URL=(http://127\.0\.0\.1:\d+/v1)", line)
            if found and self.base_url is None:
                self.base_url = found.group(1)
                self._greeted.set()
        self._greeted.set()

    def key(self, name, *limits):
        """A client key, made as its user would while the gateway runs."""
        line = [BINARY, "key", "create", name, *limits]
        made = subprocess.run(line, cwd=self._home.name, env=self._environment, capture_output=True, text=True, timeout=PATIENCE)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def awaits(self, words, patience=10.0):
        """Waits until the log says `words`; false when it does not."""
        deadline = time.monotonic() + patience
        while not any(words in line for line in list(self.said)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def was_abandoned(self):
        """True once the upstream has seen an answer's reader go away, which is how a cancelled turn ends there."""
        return self.awaits(ABANDONED)

    @property
    def root(self):
        """The address without `/v1`."""
        return self.base_url.removesuffix("/v1")

    def stop(self):
        """Asks the gateway to end; returns its exit code and how many seconds that took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the gateway did not stop:\n" + "".join(self.said)) from None
        finally:
            self._listener.join(5)
            self._home.cleanup()
        return code, time.monotonic() - begun
