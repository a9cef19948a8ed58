"""How often the gateway allocates for an event, counted between it and the C library's allocator."""

import shutil
import subprocess
from pathlib import Path

from harness.measures import warm
from harness.processes import Broken, load

# A program that starts without so many does not take them from the C library, and cannot be counted from outside.
FEWEST = 500
TURNS = 20
SOURCE = Path(__file__).parents[1] / "allocations.c"


def counter(work):
    """Builds what counts."""
    compiler = shutil.which("cc")
    if not compiler:
        raise Broken("there is no C compiler")
    library = work / "allocations.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
    return library


def each_event(bench, upstream, protocol, dialects):
    """Allocations an event by dialect: what answers of 1,000 texts need beyond those of 500."""
    library = counter(bench.work)
    file = bench.work / "allocations.count"
    file.write_bytes(bytes(8))
    settings = {"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": str(file)}

    def count():
        return int.from_bytes(file.read_bytes(), "little")

    found = {}
    with bench.warp2api(upstream, protocol, **settings) as subject:
        if count() < FEWEST:
            raise Broken("the gateway does not allocate with the C library")
        for dialect in dialects:
            warm(bench, subject, dialect)
            needed = []
            for events in (500, 1000):
                before = count()
                order = f"events={events},burst=50,pause_us=1000"
                options = {"target": subject.target, "dialect": dialect, "order": order, "requests": TURNS}
                load(bench.programs, bench.cores.load, bench.log("load"), **options)
                needed.append(count() - before)
            # The load's own first look is one turn more, in both.
            found[dialect] = (needed[1] - needed[0]) / ((TURNS + 1) * 500)
    return found
