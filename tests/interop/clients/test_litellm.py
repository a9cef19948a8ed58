"""LiteLLM as a client of the gateway, by the way it has for servers that speak OpenAI's language."""

import asyncio
import base64
import json
from importlib.metadata import version

import litellm
import pytest
from pydantic import BaseModel

from steps import CLOCK, HEARTBEAT, SILENCE, TIMER, WEATHER, WORDS, answer, call, minute, png, text

CLIENT = "LiteLLM"
VERSION = version("litellm")


def ask(gateway, content="Hello", **options):
    return litellm.completion(**arguments(gateway, content, **options))


def arguments(gateway, content="Hello", **options):
    messages = [{"role": "user", "content": content}]
    usual = {"model": "openai/auto", "api_key": "any", "messages": messages, "num_retries": 0, "timeout": 30}
    return {"api_base": gateway.base_url} | usual | options


@pytest.mark.shows("text", "reasoning")
def test_text_reasoning_and_usage(playing):
    said = ask(playing(answer({"reasoning": "Hm."}, text(list(WORDS)))))
    assert said.choices[0].message.content == WORDS
    assert said.choices[0].message.reasoning_content == "Hm."
    assert said.usage.prompt_tokens > 0 and said.usage.completion_tokens > 0


@pytest.mark.shows("stream")
def test_a_stream(playing):
    chunks = list(ask(playing(answer(text(list(WORDS)))), stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WORDS
    assert litellm.stream_chunk_builder(chunks).usage.total_tokens > 0


@pytest.mark.shows("parallel tools")
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools_and_their_results(playing, stream):
    both = answer(text("Looking."), call("get_weather", "c1", city="Paris"), call("get_time", "c2", zone="CET"))
    gateway = playing(both, answer(text("Noon and dry.")))
    said = ask(gateway, tools=[WEATHER, CLOCK], stream=stream)
    if stream:
        said = litellm.stream_chunk_builder(list(said))
    message = said.choices[0].message
    calls = message.tool_calls
    assert [(one.function.name, json.loads(one.function.arguments)) for one in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"zone": "CET"}),
    ]
    results = [{"role": "tool", "tool_call_id": one.id, "content": "fine"} for one in calls]
    messages = [{"role": "user", "content": "Hello"}, message.model_dump(), *results]
    assert ask(gateway, messages=messages, tools=[WEATHER, CLOCK]).choices[0].message.content == "Noon and dry."


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        ({"status": 429}, litellm.RateLimitError),
        ({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}}, litellm.RateLimitError),
        ({"status": 503}, litellm.ServiceUnavailableError),
        ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, litellm.ContextWindowExceededError),
    ],
)
def test_failures_are_the_right_class(playing, exchange, kind):
    with pytest.raises(kind):
        ask(playing(exchange))


@pytest.mark.shows("error classes")
def test_refusals_of_the_gateway_are_the_right_class(playing):
    gateway = playing(API_TOKEN="right-key")
    for options, kind, message in [
        ({}, litellm.AuthenticationError, "key"),
        ({"api_key": "right-key", "model": "openai/no-such-model"}, litellm.NotFoundError, "no-such-model"),
        ({"api_key": "right-key", "messages": [{"role": "wizard", "content": "x"}]}, litellm.BadRequestError, "messages[0]"),
    ]:
        with pytest.raises(kind) as caught:
            ask(gateway, **options)
        assert message in str(caught.value)


@pytest.mark.shows("one tool")
def test_the_result_of_a_tool_reaches_the_upstream(talking):
    question = {"role": "user", "content": 'call get_weather {"city": "Oslo"}'}
    message = ask(talking, messages=[question], tools=[WEATHER]).choices[0].message
    (made,) = message.tool_calls
    assert (made.function.name, json.loads(made.function.arguments)) == ("get_weather", {"city": "Oslo"})
    result = {"role": "tool", "tool_call_id": made.id, "content": "okapi-9 degrees"}
    said = ask(talking, messages=[question, message.model_dump(), result], tools=[WEATHER])
    assert "okapi-9 degrees" in said.choices[0].message.content


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(talking):
    url = "data:image/png;base64," + base64.b64encode(png(4, 3)).decode()
    content = [{"type": "text", "text": "describe the image"}, {"type": "image_url", "image_url": {"url": url}}]
    assert "image/png" in ask(talking, content).choices[0].message.content


@pytest.mark.shows("structured output")
def test_an_answer_by_a_schema(playing):
    class Fact(BaseModel):
        city: str
        days: int

    said = ask(playing(answer(text('{"city": "Oslo", "days": 3}'))), "Where?", response_format=Fact)
    assert Fact.model_validate_json(said.choices[0].message.content) == Fact(city="Oslo", days=3)


@pytest.mark.shows("cancel")
def test_a_stream_that_is_closed_ends_the_upstreams_answer(playing):
    gateway = playing(minute(), answer(text("Still here.")))

    async def leave():
        stream = await litellm.acompletion(stream=True, **arguments(gateway))
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.aclose()
        return await asyncio.to_thread(gateway.was_abandoned)

    assert asyncio.run(leave())
    assert ask(gateway).choices[0].message.content == "Still here."


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    chunks = ask(gateway, stream=True, timeout=TIMER)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "before after"
