"""LangChain's OpenAI chat model before the gateway."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from steps import WORDS, answer, call, text


@tool
def get_weather(city: str) -> str:
    """Says the weather."""
    return f"dry in {city}"


@tool
def get_time(zone: str) -> str:
    """Says the time."""
    return f"noon in {zone}"


def model(gateway, **options):
    return ChatOpenAI(base_url=gateway.base_url, api_key="any", model="auto", max_retries=0, timeout=30, **options)


def test_text_and_usage(playing):
    said = model(playing(answer({"reasoning": "Hm."}, text(list(WORDS))))).invoke("Hello")
    assert said.content == WORDS
    assert said.usage_metadata["input_tokens"] > 0 and said.usage_metadata["output_tokens"] > 0
    assert said.response_metadata["finish_reason"] == "stop"


def test_a_stream_and_its_usage(playing):
    chunks = list(model(playing(answer(text(list(WORDS)))), stream_usage=True).stream("Hello"))
    whole = sum(chunks[1:], chunks[0])
    assert whole.content == WORDS and len(chunks) > 3
    assert whole.usage_metadata["total_tokens"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools_and_their_results(playing, stream):
    both = answer(text("Looking."), call("get_weather", "c1", city="Paris"), call("get_time", "c2", zone="CET"))
    able = model(playing(both, answer(text("Noon and dry.")))).bind_tools([get_weather, get_time])
    messages = [HumanMessage("Weather and time?")]
    if stream:
        chunks = list(able.stream(messages))
        said = sum(chunks[1:], chunks[0])
    else:
        said = able.invoke(messages)
    assert [(one["name"], one["args"]) for one in said.tool_calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"zone": "CET"}),
    ]
    results = [
        ToolMessage({"get_weather": get_weather, "get_time": get_time}[one["name"]].invoke(one["args"]), tool_call_id=one["id"])
        for one in said.tool_calls
    ]
    history = [*messages, AIMessage(said.content, tool_calls=said.tool_calls), *results]
    assert able.invoke(history).content == "Noon and dry."


def test_the_result_of_a_tool_reaches_the_upstream(talking):
    able = model(talking).bind_tools([get_weather])
    first = HumanMessage('call get_weather {"city": "Oslo"}')
    said = able.invoke([first])
    [one] = said.tool_calls
    result = ToolMessage(get_weather.invoke(one["args"]), tool_call_id=one["id"])
    assert "dry in Oslo" in able.invoke([first, said, result]).content


def test_structured_output(playing):
    class Fact(BaseModel):
        """A fact."""

        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    shaped = model(gateway).with_structured_output(Fact, method="json_schema")
    assert shaped.invoke("Where?") == Fact(city="Oslo", days=3)
