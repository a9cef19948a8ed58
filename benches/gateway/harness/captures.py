"""The toolkit's verbs on large captures, beside programs that do the same work: one with generated types, and protoc."""

import base64
import hashlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
from pathlib import Path

from harness.processes import Broken, run_to_end

ROOT = Path(__file__).resolve().parents[3]
ANSWER = Path(__file__).parents[1] / "answer.sse"
CALL = ROOT / "tests/fixtures/captures/tool-call.sse"
# Texts of a plain answer, and how many plain answers come before one with a tool call.
TEXTS, PLAIN = 500, 9
# Where the texts of a recorded answer stand.
FIRST, APPEND = 6, 7
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LETTERS = b"abcdefghijklmnopqrstuvwxyz     "
SMALL_RUNS = 50

PROTO = """\
syntax = "proto3";
package bench;
import "warp/multi_agent/v1/response.proto";
message Capture { repeated warp.multi_agent.v1.ResponseEvent events = 1; }
"""


def wires(file):
    """The events of a recording, as bytes."""
    lines = file.read_bytes().splitlines()
    data = [line.partition(b":")[2].strip() for line in lines if line.startswith(b"data:")]
    return [base64.urlsafe_b64decode(one) for one in data]


def renamed(events, dice):
    """The same events with other ids of the same length, so that answers are not all of one conversation."""
    known = {}

    def other(found):
        digits = f"{dice.getrandbits(128):032x}".encode()
        parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
        return known.setdefault(found[0], b"-".join(parts))

    return [UUID.sub(other, event) for event in events]


def answers(dice):
    """Answers without end: their events, as bytes."""
    plain, call = wires(ANSWER), wires(CALL)
    number = 0
    while True:
        number += 1
        if number % (PLAIN + 1) == 0:
            yield renamed(call, dice)
            continue
        own = renamed(plain, dice)
        append = own[APPEND]
        at = append.index(b"~")
        words = bytes(dice.choices(LETTERS, k=16 * TEXTS))
        texts = [append[:at] + words[place : place + 16] + append[at + 16 :] for place in range(0, len(words), 16)]
        yield own[: FIRST + 1] + texts[1:] + own[APPEND + 1 :]


def digest():
    """Tells captures of one way of making them from those of another."""
    sources = [Path(__file__), ANSWER, CALL]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


def generate(directory, mebibytes):
    """A capture of this size: as a stream of events, as a series, and as one message with all events in it."""
    directory /= digest()
    directory.mkdir(parents=True, exist_ok=True)
    files = {form: directory / f"{mebibytes}.{form}" for form in ("sse", "delimited", "message")}
    if all(file.exists() for file in files.values()):
        return files
    dice, size = random.Random(7), 0
    parts = {form: file.with_suffix(f".{form}.part") for form, file in files.items()}
    with parts["sse"].open("wb") as sse, parts["delimited"].open("wb") as series, parts["message"].open("wb") as whole:
        for events in answers(dice):
            frames = [b"event:data\ndata:" + base64.urlsafe_b64encode(event) + b"\n\n" for event in events]
            sizes = [varint(len(event)) for event in events]
            sse.writelines(frames)
            series.writelines(part for pair in zip(sizes, events) for part in pair)
            whole.writelines(part for pair in zip(sizes, events) for part in (b"\x0a", *pair))
            size += sum(map(len, frames))
            if size >= mebibytes << 20:
                break
    for form, part in parts.items():
        part.rename(files[form])
    return files
    return files


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def check(bench, files):
    """Holds what the programs print against each other, on a small capture, so that they do the same work."""
    def lines(command):
        ended = subprocess.run(list(map(str, command)), capture_output=True, check=False)
        if ended.returncode:
            raise Broken(f"{command[0]}: {ended.stderr.decode(errors='replace').strip()}")
        return ended.stdout.splitlines()

    typed, own = bench.programs / "typed", bench.gateway
    ours, theirs = lines([own, "decode", files["sse"]]), lines([typed, "decode", files["sse"]])
    if len(ours) != len(theirs):
        raise Broken(f"decode prints {len(ours)} lines, the typed program {len(theirs)}")
    for number, (one, other) in enumerate(zip(ours, theirs), 1):
        if one != other and json.loads(one) != canonical(json.loads(other)):
            raise Broken(f"event {number} is decoded to {one.decode()}, and by the typed program to {other.decode()}")
    if lines([own, "decode", "-i", "delimited", files["delimited"]]) != ours:
        raise Broken("the series is decoded to something else than the stream of events")
    if lines([own, "parse-response", "--as", "text", files["sse"]]) != lines([typed, "text", files["sse"]]):
        raise Broken("parse-response and the typed program find different texts")


def canonical(value):
    """JSON as protobuf has it: `pbjson` spells time zones and masks in its own way."""
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"^(\d{4}-\d\d-\d\dT\S*)\+00:00$", r"\1Z", value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"paths"}:
        return ",".join(re.sub("_(.)", lambda found: found[1].upper(), path) for path in value["paths"])
    return {name: canonical(item) for name, item in value.items()}


def compare(bench, files, repeats):
    """Seconds and memory of each program on the same capture."""
    typed, own, core = bench.programs / "typed", bench.gateway, bench.cores.subject
    commands = {
        "decode": ([own, "decode", files["sse"]], os.devnull),
        "decode typed": ([typed, "decode", files["sse"]], os.devnull),
        "parse-response": ([own, "parse-response", "--as", "text", files["sse"]], os.devnull),
        "parse-response typed": ([typed, "text", files["sse"]], os.devnull),
        "series": ([own, "decode", "-i", "delimited", files["delimited"]], os.devnull),
    }
    if shutil.which("protoc"):
        proto = bench.work / "capture.proto"
        proto.write_text(PROTO)
        command = ["protoc", "--decode=bench.Capture", f"-I{ROOT / 'proto'}", f"-I{bench.work}", "capture.proto"]
        commands["series protoc"] = (command, files["message"])
    found = {name: [] for name in commands}
    for _ in range(repeats):
        for name, (command, stdin) in commands.items():
            [seconds], memory = run_to_end(bench.programs, core, command, stdin)
            found[name].append((seconds, memory))
    return {
        name: {"seconds": [seconds for seconds, _ in runs], "memory": max(memory for _, memory in runs)}
        for name, runs in found.items()
    }


def memory(bench, directory, sizes):
    """The most memory that each verb holds, by the size of the capture in MiB."""
    found = {"decode": {}, "parse-response": {}}
    for size in sizes:
        files = generate(directory, size)
        for verb, words in [("decode", []), ("parse-response", ["--as", "text"])]:
            _, held = run_to_end(bench.programs, bench.cores.subject, [bench.gateway, verb, *words, files["sse"]])
            found[verb][size] = held
    return found


def small(bench):
    """Seconds that `decode` takes for one small message, and what starting any program takes."""
    file = bench.work / "small.txt"
    file.write_bytes(base64.urlsafe_b64encode(wires(ANSWER)[APPEND]) + b"\n")
    core = bench.cores.subject
    runs, _ = run_to_end(bench.programs, core, [bench.gateway, "decode", file], times=SMALL_RUNS)
    nothing, _ = run_to_end(bench.programs, core, ["true"], times=SMALL_RUNS)
    return {"seconds": statistics.median(runs), "nothing": statistics.median(nothing)}
