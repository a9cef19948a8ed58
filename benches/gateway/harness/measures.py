"""What is measured of one subject."""

import dataclasses
import json
import subprocess
import time

from harness.processes import Broken, Process, load

SHORT = "events=10"
# Streams that go on for ever, one text in half a millisecond among all of them.
ENDLESS = "events=1000000000,burst=1,pause_us={pause},stamped"
# How long it may take until all streams are open, in seconds.
PATIENCE = 60


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is measured. The budget's is 64 streams at once with 500 texts each, in bursts."""

    streams: int = 64
    events: int = 500
    seconds: float = 4.0
    paced_streams: int = 16
    paced_events: int = 200

    @property
    def bursts(self):
        return f"events={self.events},burst=50,pause_us=1000"

    @property
    def paced(self):
        return f"events={self.paced_events},burst=1,pause_us=10000,stamped"


QUICK = Size(streams=8, events=100, seconds=0.5, paced_streams=4, paced_events=50)


def rates(bench, subject, dialect, size):
    """Everything but memory, of one subject in one dialect."""
    ask = {"target": subject.target, "dialect": dialect}
    log = bench.log("load")

    def run(**options):
        before = subject.cpu()
        told = load(bench.programs, bench.cores.load, log, **ask, **options)
        used = subject.cpu() - before
        return told, used, used / told["seconds"]

    burst = {"order": size.bursts, "streams": size.streams}
    run(**burst, requests=size.streams)
    bursts, cpu, busy = run(**burst, seconds=size.seconds)
    result = {
        "streams_s": bursts["requests"] / bursts["seconds"],
        "events_s": bursts["events"] / bursts["seconds"],
        "cpu_us": cpu / bursts["events"] * 1e6,
        "busy": busy,
    }
    short, cpu, busy = run(order=SHORT, streams=size.streams, seconds=size.seconds)
    result |= {"short_s": short["requests"] / short["seconds"], "short_busy": busy}
    result["short_cpu_us"] = cpu / short["requests"] * 1e6
    first, _, _ = run(order=SHORT, streams=1, seconds=size.seconds)
    paced, _, _ = run(order=size.paced, streams=size.paced_streams, seconds=size.seconds * 2)
    for name, spread in [("first", first["first_us"]), ("paced", paced["event_us"])]:
        result |= {f"{name}_{percentile}": spread[percentile] for percentile in ("p50", "p99", "p999")}
    return result


class Held(Process):
    """A load generator that holds streams open."""

    def __init__(self, bench, subject, dialect, streams):
        order = ENDLESS.format(pause=streams * 500)
        command = [bench.programs / "load", "--target", subject.target, "--dialect", dialect, "--order", order]
        command += ["--streams", streams, "--hold", PATIENCE]
        super().__init__(command, bench.cores.load, bench.log("load"), stdin=subprocess.PIPE)

    def wait(self):
        self.line(PATIENCE + 30)

    def end(self):
        self.say("")
        told = json.loads(self.line(30))
        if told["failures"]:
            raise Broken(told["failure"])
        return told


def warm(bench, subject, dialect):
    """Has everything done once, so that what happens only once is not counted. Not more often: what many answers leave
    behind would be used again, and not be counted as what a stream needs."""
    options = {"target": subject.target, "dialect": dialect, "order": SHORT, "requests": 2}
    load(bench.programs, bench.cores.load, bench.log("load"), **options)


def memory(bench, upstream, protocol, dialect, streams):
    """Bytes of a gateway that has just started, and of each open stream."""
    with bench.warp2api(upstream, protocol) as subject:
        time.sleep(1)
        idle = subject.process.memory()
        warm(bench, subject, dialect)
        before = subject.process.memory()
        with Held(bench, subject, dialect, streams) as held:
            held.wait()
            time.sleep(1)
            after = subject.process.memory()
    return {"idle": idle, "stream": (after - before) / streams}


def growth(bench, upstream, protocol, dialect, streams, seconds):
    """CPU an event and memory with so many slow streams."""
    room = {name: str(streams + 100) for name in ("WARP2API_MAX_TURNS", "WARP2API_MAX_CONNECTIONS")}
    with bench.warp2api(upstream, protocol, **room) as subject:
        warm(bench, subject, dialect)
        with Held(bench, subject, dialect, streams) as held:
            held.wait()
            time.sleep(1)
            held.say("")
            before = subject.cpu()
            time.sleep(seconds)
            used, memory = subject.cpu() - before, subject.process.memory()
            told = held.end()
    if not told["events"]:
        raise Broken("no event came")
    return {
        "streams": streams,
        "cpu_us": used / told["events"] * 1e6,
        "memory": memory,
        "events_s": told["events"] / told["seconds"],
        "event_p50": told["event_us"]["p50"],
        "event_p99": told["event_us"]["p99"],
    }
