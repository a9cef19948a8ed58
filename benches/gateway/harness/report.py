"""The results as Markdown, and the growth of cost as a drawing."""

import math
import platform
import re
import statistics
import subprocess
from pathlib import Path

from harness.budgets import DIALECTS, PROTOCOLS, Missing, Results, gateway_rows, kibibytes, mebibytes, slower, toolkit_rows

BEGIN, END = "<!-- measured: generated -->\n", "<!-- measured: end -->\n"


def markdown(found):
    results = Results(found)
    parts = [
        facts(found),
        budgets(results, found),
        details(results, found),
        growth(found),
        captures(found),
    ]
    return "\n".join(part for part in parts if part)


def machine():
    """What of the machine the numbers depend on."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())

    def version(*command):
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return "not installed"
        return (told.stdout + told.stderr).strip().splitlines()[0]

    return {
        "processor": model[1] if model else platform.machine(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "rustc": version("rustc", "--version"),
        "nginx": version("nginx", "-v").replace("nginx version: ", ""),
        "protoc": version("protoc", "--version"),
    }


def facts(found):
    machine, cores = found["machine"], found["cores"]
    where = "gateway and proxies on one, upstream and load on the others"
    if cores == 1:
        where = "all on the same, so that they wait for one another"
    lines = [
        f"{machine['processor']}, {cores} core{'s' if cores != 1 else ''}: {where}. {machine['system']}, "
        f"{machine['rustc']}, {machine['nginx']}, {machine['protoc']}; warp2api {found['version']}. "
        f"Medians of {found['repeats']} repetition{'s' if found['repeats'] != 1 else ''}.",
    ]
    if found["quick"]:
        lines.append("**A quick run: it shows that everything works, and its numbers say nothing.**")
    return "\n\n".join(lines) + "\n"


def table(head, rows, right=()):
    marks = ["--:" if column in right else "---" for column in range(len(head))]
    lines = [head, marks, *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def cell(text, met):
    return text if met is None else f"{text}: {'met' if met else '**not met**'}"


def budgets(results, found):
    rows = []
    for what, budget, by_protocol in gateway_rows(results):
        cells = [cell(*told) for told in by_protocol.values()]
        rows.append([what, budget, *cells])
    rows += [[what, budget, cell(text, met), ""] for what, budget, text, met in toolkit_rows(found)]
    head = ["what", "budget", *(f"{name} upstream" for name in PROTOCOLS.values())]
    return "### The budgets\n\nOf the dialects the one that is furthest from its budget.\n\n" + table(head, rows)


SUBJECTS = [
    ("direct", "direct"),
    ("nginx", "nginx"),
    ("hyper h1", "minimal proxy, HTTP/1"),
    ("hyper h2", "minimal proxy, HTTP/2"),
] + [
    (f"warp2api {protocol} {dialect}", f"warp2api, {name}, {dialect}")
    for protocol, name in PROTOCOLS.items()
    for dialect in DIALECTS
]


def details(results, found):
    throughput, latency = [], []
    for subject, name in SUBJECTS:
        try:
            throughput.append([name, *bursts_of(results, found, subject)])
            latency.append([name, *latency_of(results, subject)])
        except Missing as missing:
            throughput.append([name, str(missing)] + [""] * 9)
            latency.append([name, str(missing)] + [""] * 5)
    head = ["64 streams × 500 events in bursts", "streams/s", "events/s", "core busy", "CPU µs an event", "to nginx",
            "to hyper h1", "to hyper h2", "allocations an event", "short requests/s", "core busy"]
    times = ["µs", "first p50", "p99", "p99.9", "event p50", "p99", "p99.9"]
    return "\n".join([
        "### In full\n",
        table(head, throughput, range(1, 11)),
        "Times from a request to its first text, one request at a time, and from the upstream's sending of an event to its "
        "arrival, 16 streams with one event in 10 ms each. What is added to direct stands in brackets.\n",
        table(times, latency, range(1, 7)),
        memory_table(results),
    ])


def bursts_of(results, found, subject):
    def percent(name):
        return f"{results.median(subject, name) * 100:.0f} %"

    cells = [f"{results.median(subject, name):,.0f}" for name in ("streams_s", "events_s")]
    if subject == "direct":
        return [*cells, "", "", "", "", "", "", f"{results.median(subject, 'short_s'):,.0f}", ""]
    cells += [percent("busy"), f"{results.median(subject, 'cpu_us'):.2f}"]
    for other in ("nginx", "hyper h1", "hyper h2"):
        try:
            cells.append(f"{results.ratio(subject, other, 'cpu_us'):.2f}×")
        except Missing:
            cells.append("")
    cells.append(allocations_of(found, subject))
    return [*cells, f"{results.median(subject, 'short_s'):,.0f}", percent("short_busy")]


def allocations_of(found, subject):
    program, _, rest = subject.partition(" ")
    protocol, _, dialect = rest.partition(" ")
    counted = found["allocations"].get(protocol, {}) if program == "warp2api" else {}
    if "broken" in counted:
        return counted["broken"]
    return f"{counted[dialect]:.2f}" if dialect in counted else ""


def latency_of(results, subject):
    cells = []
    for name in ("first", "paced"):
        for percentile in ("p50", "p99", "p999"):
            key = f"{name}_{percentile}"
            added = "" if subject == "direct" else f" ({results.added(subject, key):+,.0f})"
            cells.append(f"{results.median(subject, key):,.0f}{added}")
    return cells


def memory_table(results):
    rows = []
    for protocol, name in PROTOCOLS.items():
        for dialect in DIALECTS:
            subject = f"warp2api {protocol} {dialect}"
            try:
                cells = [mebibytes(results.memory(subject, "idle")), kibibytes(results.memory(subject, "stream"))]
            except Missing as missing:
                cells = [str(missing), ""]
            rows.append([f"warp2api, {name}, {dialect}", *cells])
    return table(["resident memory", "idle", "each of 1,000 slow streams"], rows, [1, 2])


def growth(found):
    rows = []
    for protocol, name in PROTOCOLS.items():
        for point in found["growth"].get(protocol, []):
            if "broken" in point:
                rows.append([name, f"{point['streams']:,}", point["broken"], "", "", "", ""])
                continue
            rows.append([
                name, f"{point['streams']:,}", f"{point['cpu_us']:.1f}", f"{point['events_s']:,.0f}",
                mebibytes(point["memory"]), f"{point['event_p50']:,.0f}", f"{point['event_p99']:,.0f}",
            ])
    head = ["upstream", "streams", "CPU µs an event", "events/s", "resident memory", "event p50 µs", "p99"]
    return (
        "### From one stream to many\n\nopenai_chat; the streams share about 2,000 events a second, so that each is the "
        "slower the more there are.\n\n![CPU and memory by the number of streams](scale.svg)\n\n" + table(head, rows, range(1, 7))
    )


def captures(found):
    measured = found.get("captures")
    if not measured or "broken" in measured:
        return f"### Captures\n\n{measured['broken'] if measured else 'not measured'}\n"
    runs, size = measured["runs"], measured["size"]
    names = {
        "decode": "`decode`, event stream",
        "decode typed": "typed prost + serde_json, the same",
        "parse-response": "`parse-response --as text`",
        "parse-response typed": "typed prost, the same",
        "series": "`decode -i delimited`, the events back to back",
        "series protoc": "`protoc --decode`, the same events in one message",
    }
    rows = []
    for name, told in names.items():
        if name not in runs:
            continue
        seconds = statistics.median(runs[name]["seconds"])
        ratio = ""
        for suffix in ("typed", "protoc"):
            if f"{name} {suffix}" in runs:
                ratio = f"{slower(runs, name, f'{name} {suffix}'):.2f}×"
        rows.append([told, f"{seconds:.2f} s", f"{size / seconds:,.0f} MiB/s", ratio, mebibytes(runs[name]["memory"])])
    small = found["small"]
    text = f"### Captures\n\nA capture of {size} MiB.\n\n"
    text += table(["what", "time", "rate", "to its rival", "most memory"], rows, range(1, 5))
    if "broken" not in small:
        text += (
            f"\nOne small message, the whole process of `decode`: {small['seconds'] * 1e3:.1f} ms, of which starting a process "
            f"that does nothing takes {small['nothing'] * 1e3:.1f} ms.\n"
        )
    return text


def write(readme, text):
    """Puts the results between the marks of README.md."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{readme} has no marks for the results")
    readme.write_text(before + begin + text + end + after)


WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 260, 60, 30, 80
# Lines across, above the one at zero.
LINES = 5
COLOURS = {"h2": "#1f77b4", "h1": "#d95f02"}


def drawing(found):
    """CPU an event and memory against the number of streams, as SVG."""
    points = {
        protocol: [point for point in found["growth"].get(protocol, []) if "broken" not in point] for protocol in PROTOCOLS
    }
    panels = [("CPU µs an event", lambda point: point["cpu_us"]), ("resident memory, MiB", lambda point: point["memory"] / (1 << 20))]
    width, height = 2 * WIDTH + GAP + LEFT + 20, HEIGHT + TOP + 60
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (title, value) in enumerate(panels):
        out += panel(LEFT + number * (WIDTH + GAP), title, {name: [(p["streams"], value(p)) for p in of] for name, of in points.items()})
    for number, (protocol, name) in enumerate(PROTOCOLS.items()):
        x = LEFT + 20 + number * 140
        out.append(f'<rect x="{x}" y="{height - 22}" width="12" height="12" fill="{COLOURS[protocol]}"/>')
        out.append(f'<text x="{x + 18}" y="{height - 12}">{name} upstream</text>')
    return "\n".join([*out, "</svg>", ""])


def round_step(most):
    """The distance of the lines: a round number, so that the highest value stays below the last of them."""
    least = most / LINES
    decade = 10 ** math.floor(math.log10(least)) if least > 0 else 1
    return next(step * decade for step in (1, 2, 2.5, 5, 10) if step * decade >= least)


def panel(left, title, series):
    step = round_step(max([y for points in series.values() for _, y in points] or [1]))
    most = step * LINES
    widest = max([x for points in series.values() for x, _ in points] or [10])
    decades = max(1, math.ceil(math.log10(widest)))

    def place(x, y):
        return left + WIDTH * math.log10(x) / decades, TOP + HEIGHT * (1 - y / most)

    out = [f'<text x="{left}" y="{TOP - 10}" font-weight="bold">{title}</text>']
    for decade in range(decades + 1):
        x, _ = place(10**decade, 0)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + HEIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{10**decade:,}</text>')
    for number in range(LINES + 1):
        y = step * number
        _, line = place(1, y)
        out.append(f'<line x1="{left}" y1="{line:.1f}" x2="{left + WIDTH}" y2="{line:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{line + 4:.1f}" text-anchor="end">{y:,g}</text>')
    out.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 32}" text-anchor="middle">streams</text>')
    for protocol, points in series.items():
        places = [place(x, y) for x, y in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[protocol]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[protocol]}"/>' for x, y in places]
    return out
