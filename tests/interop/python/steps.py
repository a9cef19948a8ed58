"""Short ways to write the exchanges that the embedded upstream plays."""

WORDS = "Grüße, 世界 👋🏽!\nA second line, with \"quotes\", a \\ and \u2028 in it. The end"


def answer(*steps, **finish):
    """An answer that ends as it should."""
    return {"steps": [*steps, {"finish": finish}]}


def text(words=WORDS):
    return {"text": words}


def call(name, call_id, **arguments):
    return {"tool_call": {"name": name, "id": call_id, "arguments": arguments}}


def tool(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"})
CLOCK = tool("get_time", zone={"type": "string"})


def ask(words="Hello", **options):
    """The arguments of a plain request."""
    return {"model": "auto", "messages": [{"role": "user", "content": words}], **options}
