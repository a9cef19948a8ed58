"""What LangChain shows by any of its chat models: one test an ability.

A module takes them all in, names its CLIENT and VERSION, and has a fixture `model`, which makes a model from a gateway
and options, and a fixture `refusals`: the SDK's module, whose exceptions LangChain hands on.
"""

import base64

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from steps import HEARTBEAT, SILENCE, TIMER, WORDS, answer, call, minute, png, text


@tool
def get_weather(city: str) -> str:
    """Says the weather."""
    return f"dry in {city}"


@tool
def get_time(zone: str) -> str:
    """Says the time."""
    return f"noon in {zone}"


TOOLS = {"get_weather": get_weather, "get_time": get_time}


def gathered(chunks):
    chunks = list(chunks)
    return sum(chunks[1:], chunks[0])


@pytest.mark.shows("text")
def test_text_and_usage(playing, model):
    said = model(playing(answer({"reasoning": "Hm."}, text(list(WORDS))))).invoke("Hello")
    assert said.text == WORDS
    assert said.usage_metadata["input_tokens"] > 0 and said.usage_metadata["output_tokens"] > 0


@pytest.mark.shows("stream")
def test_a_stream_and_its_usage(playing, model):
    chunks = list(model(playing(answer(text(list(WORDS))))).stream("Hello"))
    whole = gathered(chunks)
    assert whole.text == WORDS and len(chunks) > 3
    assert whole.usage_metadata["total_tokens"] > 0


@pytest.mark.shows("parallel tools")
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools_and_their_results(playing, model, stream):
    both = answer(text("Looking."), call("get_weather", "c1", city="Paris"), call("get_time", "c2", zone="CET"))
    inputs = [{"tool_call_result": {"tool_call_id": one}} for one in ("c1", "c2")]
    second = answer(text("Noon and dry.")) | {"expect": {"input": {"user_inputs": {"inputs": inputs}}}}
    able = model(playing(both, second)).bind_tools([get_weather, get_time])
    messages = [HumanMessage("Weather and time?")]
    said = gathered(able.stream(messages)) if stream else able.invoke(messages)
    assert [(one["name"], one["args"]) for one in said.tool_calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"zone": "CET"}),
    ]
    results = [ToolMessage(TOOLS[one["name"]].invoke(one["args"]), tool_call_id=one["id"]) for one in said.tool_calls]
    assert able.invoke([*messages, said, *results]).text == "Noon and dry."


@pytest.mark.shows("one tool")
def test_the_result_of_a_tool_reaches_the_upstream(talking, model):
    able = model(talking).bind_tools([get_weather])
    first = HumanMessage('call get_weather {"city": "Oslo"}')
    said = able.invoke([first])
    [one] = said.tool_calls
    result = ToolMessage(get_weather.invoke(one["args"]), tool_call_id=one["id"])
    assert "dry in Oslo" in able.invoke([first, said, result]).text


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(talking, model):
    picture = png(4, 3)
    image = {"type": "image", "base64": base64.b64encode(picture).decode(), "mime_type": "image/png"}
    said = model(talking).invoke([HumanMessage([{"type": "text", "text": "describe the image"}, image])]).text
    assert "image/png" in said and str(len(picture)) in said, said


@pytest.mark.shows("structured output")
def test_an_answer_by_a_schema(playing, model):
    class Fact(BaseModel):
        """A fact."""

        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    shaped = model(gateway).with_structured_output(Fact, method="json_schema")
    assert shaped.invoke("Where?") == Fact(city="Oslo", days=3)


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("words", "options", "kind", "message"),
    [
        ("Hello", {"api_key": "wrong"}, "AuthenticationError", "key"),
        ("Hello", {"model": "no-such-model"}, "NotFoundError", "no-such-model"),
        ("fail quota", {}, "RateLimitError", "credits"),
        ("fail context", {}, "BadRequestError", ""),
        ("fail 503", {}, "APIStatusError", ""),
    ],
)
def test_a_failure_is_the_sdks_own(playing, model, refusals, words, options, kind, message):
    asked = model(playing(API_TOKEN="right-key"), **({"api_key": "right-key"} | options))
    for ask in (asked.invoke, lambda question: list(asked.stream(question))):
        with pytest.raises(getattr(refusals, kind)) as caught:
            ask(words)
        assert message in str(caught.value)


@pytest.mark.shows("cancel")
def test_a_stream_that_is_closed_ends_the_upstreams_answer(playing, model):
    gateway = playing(minute(), answer(text("Still here.")))
    stream = model(gateway).stream("Hello")
    assert any("word" in chunk.text for chunk in stream)
    stream.close()
    assert gateway.was_abandoned()
    assert model(gateway).invoke("Hello").text == "Still here."


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing, model):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    assert gathered(model(gateway, timeout=TIMER).stream("Hello")).text == "before after"
