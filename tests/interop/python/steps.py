"""Short ways to write the exchanges that the embedded upstream plays, and what all suites send and expect."""

import struct
import zlib

WORDS = "Grüße, 世界 👋🏽!\nA second line, with \"quotes\", a \\ and \u2028 in it. The end"


# A silence of the upstream that a client's TIMER of so many seconds would not bear; HEARTBEAT is what keeps it from
# running out.
SILENCE = {"delay_ms": 6000}
TIMER = 3.0
HEARTBEAT = {"WARP2API_HEARTBEAT": "500ms"}


def answer(*steps, **finish):
    """An answer that ends as it should."""
    return {"steps": [*steps, {"finish": finish}]}


def text(words=WORDS):
    return {"text": words}


def call(name, call_id, **arguments):
    return {"tool_call": {"name": name, "id": call_id, "arguments": arguments}}


def minute():
    """A minute of words, which nobody is expected to read to their end."""
    return answer({"pace_ms": 100}, text("word " * 600))


def png(width, height):
    """A grey picture."""

    def block(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = block(b"IHDR", header) + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tool(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"})
CLOCK = tool("get_time", zone={"type": "string"})


def ask(words="Hello", **options):
    """The arguments of a plain request."""
    return {"model": "auto", "messages": [{"role": "user", "content": words}], **options}
