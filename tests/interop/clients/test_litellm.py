"""LiteLLM as a client of the gateway, by the way it has for servers that speak OpenAI's language."""

import json

import litellm
import pytest

from steps import CLOCK, WEATHER, WORDS, answer, call, text


def ask(gateway, content="Hello", **options):
    messages = options.pop("messages", [{"role": "user", "content": content}])
    return litellm.completion(
        model="openai/auto", api_base=gateway.base_url, api_key="any", messages=messages, num_retries=0, timeout=30, **options
    )


def test_text_reasoning_and_usage(playing):
    said = ask(playing(answer({"reasoning": "Hm."}, text(list(WORDS)))))
    assert said.choices[0].message.content == WORDS
    assert said.choices[0].message.reasoning_content == "Hm."
    assert said.usage.prompt_tokens > 0 and said.usage.completion_tokens > 0


def test_a_stream(playing):
    chunks = list(ask(playing(answer(text(list(WORDS)))), stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WORDS
    assert litellm.stream_chunk_builder(chunks).usage.total_tokens > 0


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


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        ({"status": 429}, litellm.RateLimitError),
        ({"status": 503}, litellm.ServiceUnavailableError),
        ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, litellm.ContextWindowExceededError),
    ],
)
def test_failures_are_the_right_class(playing, exchange, kind):
    with pytest.raises(kind):
        ask(playing(exchange))
