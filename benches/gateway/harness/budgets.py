"""The rows of the budget: what was wanted, what was measured, and whether it is met."""

import statistics

DIALECTS = ["openai_chat", "openai_responses", "anthropic", "gemini"]
PROTOCOLS = {"h2": "HTTP/2", "h1": "HTTP/1"}
KIB, MIB = 1 << 10, 1 << 20


class Missing(Exception):
    """Something of the row was not measured."""


class Results:
    """What a run has found: for each subject, by its name, what each repetition measured."""

    def __init__(self, found):
        self.found = found

    def values(self, subject, name):
        values = self.found["rates"].get(subject, [])
        if not values or any("broken" in value for value in values):
            reasons = [value["broken"] for value in values if "broken" in value]
            raise Missing(reasons[0] if reasons else "not measured")
        return [value[name] for value in values]

    def median(self, subject, name):
        return statistics.median(self.values(subject, name))

    def ratio(self, subject, other, name):
        """The median of what each repetition's ratio is, so that a slow hour weighs on both."""
        pairs = zip(self.values(subject, name), self.values(other, name))
        return statistics.median(one / against for one, against in pairs)

    def added(self, subject, name):
        """What a subject adds to the time that it takes without it."""
        pairs = zip(self.values(subject, name), self.values("direct", name))
        return statistics.median(one - direct for one, direct in pairs)

    def memory(self, subject, name):
        values = self.found["memory"].get(subject, [])
        if not values or any("broken" in value for value in values):
            raise Missing(next((value["broken"] for value in values if "broken" in value), "not measured"))
        return statistics.median(value[name] for value in values)


def worst(measure, limit, form, above=False):
    """The dialect that is furthest from the budget: its text, and whether it is met, `None` where that is not known. With
    `above` more is better."""
    by_dialect = {}
    for dialect in DIALECTS:
        try:
            by_dialect[dialect] = measure(dialect)
        except Missing as missing:
            return f"{dialect}: {missing}", None
    choose = min if above else max
    dialect = choose(by_dialect, key=by_dialect.get)
    value = by_dialect[dialect]
    return f"{form(value)} ({dialect})", value >= limit if above else value <= limit


def gateway_rows(results):
    """Rows of `(what, budget, {protocol: (text, met)})`."""
    rival = {"h2": "nginx", "h1": "hyper h1"}
    limit = {"h2": 2.0, "h1": 1.0}

    def over(measure, limit_of, form, above=False):
        return {
            protocol: worst(lambda dialect: measure(f"warp2api {protocol} {dialect}", protocol), limit_of(protocol), form, above)
            for protocol in PROTOCOLS
        }

    return [
        (
            "CPU an event, 64 streams × 500 in bursts",
            "HTTP/2: ≤ 2× nginx; HTTP/1: ≤ the minimal hyper proxy",
            over(
                lambda subject, protocol: results.ratio(subject, rival[protocol], "cpu_us"),
                limit.get,
                lambda ratio: f"{ratio:.2f}×",
            ),
        ),
        (
            "added latency over direct, p50: first byte",
            "≤ 300 µs",
            over(lambda subject, _: results.added(subject, "first_p50"), lambda _: 300, microseconds),
        ),
        (
            "added latency over direct, p50: one paced event",
            "≤ 50 µs",
            over(lambda subject, _: results.added(subject, "paced_p50"), lambda _: 50, microseconds),
        ),
        (
            "short requests (10 events), one core",
            "≥ 10,000 a second",
            over(lambda subject, _: results.median(subject, "short_s"), lambda _: 10_000, a_second, above=True),
        ),
        (
            "memory: idle process",
            "≤ 20 MiB",
            over(lambda subject, _: results.memory(subject, "idle"), lambda _: 20 * MIB, mebibytes),
        ),
        (
            "memory: each open stream of 1,000",
            "≤ 32 KiB",
            over(lambda subject, _: results.memory(subject, "stream"), lambda _: 32 * KIB, kibibytes),
        ),
    ]


def toolkit_rows(found):
    """Rows of `(what, budget, text, met)`."""
    rows = []
    captures = found.get("captures") or {"broken": "not measured"}
    for verb in ("parse-response", "decode"):
        what = f"`{verb}` against typed prost + serde_json on the same bytes"
        if "broken" in captures:
            rows.append((what, "≤ 2.5× time", captures["broken"], None))
            continue
        ratio = slower(captures["runs"], verb, f"{verb} typed")
        rows.append((what, "≤ 2.5× time", f"{ratio:.2f}×", ratio <= 2.5))
    if "broken" not in captures:
        for verb, held in captures["memory"].items():
            sizes = [int(size) for size in held]
            text = ", ".join(f"{mebibytes(held[size])} of {size} MiB" for size in held)
            flat = max(held.values()) <= min(held.values()) * 1.25
            rows.append((f"`{verb}`: memory", f"flat from {min(sizes)} to {max(sizes)} MiB", text, flat))
    small = found.get("small") or {"broken": "not measured"}
    what = "`decode` of one small message, whole process"
    if "broken" in small:
        rows.append((what, "≤ 10 ms", small["broken"], None))
    else:
        rows.append((what, "≤ 10 ms", f"{small['seconds'] * 1e3:.1f} ms", small["seconds"] <= 0.010))
    return rows


def slower(runs, one, other):
    """How many times longer one takes than the other, as the median of the repetitions' ratios."""
    return statistics.median(a / b for a, b in zip(runs[one]["seconds"], runs[other]["seconds"]))


def microseconds(value):
    return f"{value:.0f} µs"


def a_second(value):
    return f"{value:,.0f} a second"


def mebibytes(value):
    return f"{value / MIB:.1f} MiB"


def kibibytes(value):
    return f"{value / KIB:.1f} KiB"
