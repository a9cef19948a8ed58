"""Processes on cores of their own: how they are started and ended, and what they have used."""

import json
import os
import resource
import select
import signal
import subprocess
import time
from pathlib import Path

# Files that one process may have open: two for each of 10,000 streams, and some.
FILES = 65_536
# How long one load may take, in seconds.
LONGEST = 180


class Broken(Exception):
    """A measurement that could not be made, and why."""


class Cores:
    """Which core the program under test gets, and which the others."""

    def __init__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.count = len(cores)
        self.subject = cores[1 % len(cores)]
        self.load = cores[0]
        self.upstream = cores[2 % len(cores)] if len(cores) > 2 else cores[0]


def raise_file_limit():
    """Returns how many files a process may have open from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in [(FILES, max(FILES, hard)), (hard, hard)]:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, wanted)
            return wanted[0]
        except (OSError, ValueError):
            continue
    return soft


class Process:
    """A program on one core. It is ended when the block that it is used in is left."""

    def __init__(self, command, core, log, **more):
        self.command = ["taskset", "-c", str(core), *map(str, command)]
        self.log = Path(log)
        self.more = more
        self.process = None

    def __enter__(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, **self.more
            )
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                # Whatever is still open is not waited for: the whole of its own session goes.
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()

    @property
    def pid(self):
        return self.process.pid

    def line(self, seconds):
        """The next line that it prints."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise Broken(f"{self.command[3]} says nothing in {seconds} s")
        line = self.process.stdout.readline()
        if not line:
            raise Broken(f"{Path(self.command[3]).name} has ended: {last_line(self.log)}")
        return line.strip()

    def say(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Broken(f"{Path(self.command[3]).name} has ended: {last_line(self.log)}") from None

    def cpu(self):
        """Seconds of CPU time that it and its children have used, in user and system mode."""
        return sum(cpu_of(pid) for pid in family(self.pid))

    def memory(self):
        """Bytes of memory that it and its children hold."""
        return sum(status_of(pid, "VmRSS") for pid in family(self.pid))


def family(pid):
    """A process and its children."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid, *children]


def cpu_of(pid):
    """The scheduler's own count where there is one, for that of /proc/PID/stat is in hundredths of a second."""
    try:
        tasks = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(task.split()[0]) for task in tasks) / 1e9
    except (OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_of(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def last_line(log):
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def wait_until(is_true, seconds, what):
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise Broken(f"{what} within {seconds} s")
        time.sleep(0.02)


def run_to_end(programs, core, command, stdin=os.devnull, times=1):
    """Runs a program with its output thrown away: the seconds of each run, and the most memory that one held."""
    words = ["taskset", "-c", core, programs / "timed", times, stdin, *command]
    ended = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Broken((ended.stderr.strip() or "it says nothing").splitlines()[0])
    told = json.loads(ended.stdout)
    return told["seconds"], told["memory"]


def load(programs, core, log, **options):
    """Runs the load generator to its end and returns what it says. An answer that was not whole breaks the measurement."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = ["taskset", "-c", str(core), str(programs / "load"), *words]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise Broken(f"the load has not ended within {LONGEST} s") from None
    if ended.returncode != 0:
        said = json.loads(ended.stdout)["failure"] if ended.stdout else (ended.stderr.strip() or "the load says nothing").splitlines()[0]
        with log.open("a") as file:
            file.write(f"{' '.join(words)}: {said}\n")
        raise Broken(said)
    return json.loads(ended.stdout)
