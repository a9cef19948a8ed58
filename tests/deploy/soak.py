#!/usr/bin/env python3
"""Leaves a gateway under load for a while: many streams at once in all dialects, clients that go away in the middle, an
upstream that fails, settings that are read again. What must hold:

- memory is flat once what is remembered, conversations and kept answers, has filled its bounds, which is done first;
- afterwards no turn, stream, lease, connection or thread is left over;
- the gateway has counted what the load has sent, to the last turn.

    soak.py [SECONDS [STREAMS]]        1800 and 500 without arguments

WARP2API_BIN names the binary. Everything is on loopback; the upstream is the simulator, within the same process, so that its
memory counts as well.
"""

import asyncio
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

from metrics import BINARY, DIALECTS, body, counted, get

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1800
STREAMS = int(sys.argv[2]) if len(sys.argv) > 2 else 500
# How often settings are read again, and how often memory is looked at.
RELOAD = 20
LOOK = 10
# How many turns of each dialect fill what is remembered (10,000 conversations, 10,000 kept answers).
FILLING = 11000
# How much of the run counts as warming up, and how much the second half of the rest may be above the first.
WARMING = 0.2
GROWTH = 1.05

# No refusal of the account: all turns share one, and it would have to rest.
FAILURES = ["fail 503", "fail internal"]
PLAIN = ["hello there", "long 60", "think, then hello", "call add"]


class Gateway:
    def __init__(self, home):
        self.config = home / "config.toml"
        self.configure(0)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "WARP2API_HOME": str(home / "state"),
            "WARP2API_STATE_KEY": "file",
            # Failures that are asked for must not keep the one account away.
            "WARP2API_LONGEST_REST": "1ms",
        }
        listen = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--bridge-listen", "127.0.0.1:0"]
        self.log = open(home / "gateway.log", "w+")
        command = [BINARY, "--config", self.config, "serve", "--upstream", "simulator", *listen]
        self.process = subprocess.Popen(command, env=environment, cwd=home, stderr=self.log)
        for _ in range(300):
            said = pathlib.Path(self.log.name).read_text()
            if "Metrics are at " in said:
                break
            time.sleep(0.1)
        self.api = re.search(r"listens on http://(\S+)", said).group(1)
        self.metrics = re.search(r"Metrics are at (\S+)", said).group(1)

    def configure(self, number):
        """Another heartbeat, so that there is something to take up."""
        self.config.write_text(f'heartbeat = "{1000 + number % 7}ms"\nlog = "warp2api=warn"\n')

    def look(self):
        """Resident memory in MiB, open files, threads."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        number = lambda name: int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE).group(1))
        return number("VmRSS") / 1024, len(os.listdir(f"/proc/{self.process.pid}/fd")), number("Threads")

    def end(self):
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


class Load:
    def __init__(self, gateway, dialect):
        self.gateway, self.dialect = gateway, dialect
        self.asked = self.failed = self.left = 0

    async def fill(self):
        while self.asked < FILLING:
            await self.ask("hello there")

    async def stream(self, until):
        while time.monotonic() < until:
            chance = random.random()
            if chance < 0.15:
                await self.ask(f"slow {'word ' * random.randint(30, 60)}", leaves=True)
            elif chance < 0.25:
                await self.ask(random.choice(FAILURES), fails=True)
            elif chance < 0.5:
                await self.ask(random.choice(PLAIN))
            else:
                await self.ask(f"slow {'word ' * random.randint(30, 60)}")

    async def ask(self, words, leaves=False, fails=False):
        host, port = self.gateway.api.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        text = json.dumps(body(self.dialect, words)).encode()
        head = f"POST {DIALECTS[self.dialect]} HTTP/1.1\r\nhost: {self.gateway.api}\r\nconnection: close\r\n"
        writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n".encode() + text)
        try:
            status = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            self.asked += 1
            if leaves:
                assert b" 200 " in status[:16], status
                await asyncio.wait_for(reader.read(1), 60)
                self.left += 1
            else:
                answer = await asyncio.wait_for(reader.read(), 120)
                self.failed += fails
                assert fails or b" 200 " in status[:16], status + answer
                assert fails or answer.endswith(b"0\r\n\r\n"), answer[-200:]
        finally:
            writer.close()


async def watch(gateway, looks, until):
    begun, number = time.monotonic(), 0
    while time.monotonic() < until:
        await asyncio.sleep(LOOK)
        looks.append((time.monotonic() - begun, *gateway.look()))
        print("  {:5.0f} s: {:.1f} MiB, {} files, {} threads".format(*looks[-1]), flush=True)
        if len(looks) % (RELOAD // LOOK) == 0:
            number += 1
            gateway.configure(number)
            gateway.process.send_signal(signal.SIGHUP)


async def load(gateway, loads, looks):
    await asyncio.gather(*(loads[number % len(loads)].fill() for number in range(min(STREAMS, 100))))
    print("  filled: {:.1f} MiB, {} files, {} threads".format(*gateway.look()), flush=True)
    until = time.monotonic() + SECONDS
    streams = [loads[number % len(loads)].stream(until) for number in range(STREAMS)]
    await asyncio.gather(watch(gateway, looks, until), *streams)


def settle(gateway, loads, before):
    """Waits until nothing is under way any more, and holds the counts against each other."""
    for _ in range(100):
        text = get(gateway.metrics)
        busy = re.findall(r"^warp2api_(?:turns|streams|pool_leases)_in_flight\{?.* [^0].*", text, re.MULTILINE)
        left = sum(counted(text, dialect=one.dialect, outcome="cancelled") for one in loads)
        _, files, threads = gateway.look()
        # What answers /metrics, and the pool of the client that asks upstream.
        if not busy and left == sum(one.left for one in loads) and files <= before[1] + 8:
            break
        time.sleep(0.2)
    for one in loads:
        outcomes = ({}, {"outcome": "failed"}, {"outcome": "cancelled"})
        theirs = tuple(counted(text, dialect=one.dialect, **more) for more in outcomes)
        print(f"  {one.dialect}: asked, failed, left: {(one.asked, one.failed, one.left)}; counted {theirs}")
        assert (one.asked, one.failed, one.left) == theirs
    assert not busy, busy
    assert files <= before[1] + 8, f"{files} files are open, {before[1]} were before"
    print(f"  afterwards {files} files ({before[1]} before), {threads} threads ({before[2]} before)")


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as home:
        gateway, looks = Gateway(pathlib.Path(home)), []
        loads = [Load(gateway, dialect) for dialect in DIALECTS]
        before = gateway.look()
        try:
            asyncio.run(load(gateway, loads, looks))
            settle(gateway, loads, before)
            warm = [look[1] for look in looks if look[0] > SECONDS * WARMING]
            print(f"  memory: {before[0]:.1f} MiB at first, then {min(warm):.1f} to {max(warm):.1f} MiB")
            late = warm[len(warm) // 2 :]
            assert sum(late) / len(late) <= GROWTH * sum(warm[: len(warm) // 2 + 1]) / (len(warm) // 2 + 1), warm
        finally:
            code = gateway.end()
        assert code == 0, f"the gateway has ended with {code}"
    print("nothing is left over, and all was counted")


if __name__ == "__main__":
    main()
