"""What is measured of one subject."""

import json
import subprocess
import time

from harness.processes import Broken, Process, load

# The stream of the budget: 64 at once, 500 texts each, in bursts.
STREAMS, EVENTS = 64, 500
BURSTS = f"events={EVENTS},burst=50,pause_us=1000"
SHORT = "events=10"
PACED_STREAMS, PACED = 16, "events=200,burst=1,pause_us=10000,stamped"
# Streams that go on for ever, one text in half a millisecond among all of them.
ENDLESS = "events=1000000000,burst=1,pause_us={pause},stamped"
# How long it may take until all streams are open, in seconds.
PATIENCE = 60


def rates(bench, subject, dialect, seconds):
    """Everything but memory, of one subject in one dialect."""
    ask = {"target": subject.target, "dialect": dialect}
    log = bench.log("load")

    def run(**options):
        before, begun = subject.cpu(), time.monotonic()
        told = load(bench.programs, bench.cores.load, log, **ask, **options)
        used, took = subject.cpu() - before, time.monotonic() - begun
        return told, used, used / took

    run(order=BURSTS, streams=STREAMS, requests=STREAMS)
    bursts, cpu, busy = run(order=BURSTS, streams=STREAMS, seconds=seconds)
    result = {
        "streams_s": bursts["requests"] / bursts["seconds"],
        "events_s": bursts["events"] / bursts["seconds"],
        "cpu_us": cpu / bursts["events"] * 1e6,
        "busy": busy,
    }
    short, cpu, busy = run(order=SHORT, streams=STREAMS, seconds=seconds)
    result |= {"short_s": short["requests"] / short["seconds"], "short_busy": busy}
    result["short_cpu_us"] = cpu / short["requests"] * 1e6
    first, _, _ = run(order=SHORT, streams=1, seconds=seconds)
    paced, _, _ = run(order=PACED, streams=PACED_STREAMS, seconds=seconds * 2)
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
    """Has everything done once, so that what is allocated only once is not counted as growth."""
    options = {"target": subject.target, "dialect": dialect, "order": BURSTS, "streams": STREAMS}
    load(bench.programs, bench.cores.load, bench.log("load"), requests=STREAMS, **options)


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
    with bench.warp2api(upstream, protocol) as subject:
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
