"""What the official SDK makes of answers, streamed and whole."""

import asyncio
import base64
import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from steps import CLOCK, HEARTBEAT, SILENCE, TIMER, WEATHER, WORDS, answer, ask, call, minute, png, text

CLIENT = "openai (Python), Chat Completions"
VERSION = openai.__version__


def client(gateway, key="any"):
    return OpenAI(base_url=gateway.base_url, api_key=key, max_retries=0, timeout=30)


def chunks(gateway, **request):
    return list(client(gateway).chat.completions.create(stream=True, **request))


def streamed_text(received, index=0):
    deltas = [choice.delta for chunk in received for choice in chunk.choices if choice.index == index]
    return "".join(delta.content or "" for delta in deltas)


def finish_reasons(received):
    return [choice.finish_reason for chunk in received for choice in chunk.choices if choice.finish_reason]


def streamed_calls(received):
    """The calls of a stream, put together as programs do: by index."""
    calls = {}
    for chunk in received:
        for choice in chunk.choices:
            for piece in choice.delta.tool_calls or []:
                entry = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                entry["id"] += piece.id or ""
                entry["name"] += piece.function.name or ""
                entry["arguments"] += piece.function.arguments or ""
    assert sorted(calls) == list(range(len(calls))), "indexes are dense"
    return [calls[index] for index in sorted(calls)]


@pytest.mark.shows("text", "stream")
def test_a_streamed_answer_is_the_whole_answer(playing):
    gateway = playing(answer(text()))
    whole = client(gateway).chat.completions.create(**ask())
    received = chunks(gateway, **ask())
    assert whole.choices[0].message.content == WORDS
    assert streamed_text(received) == WORDS
    assert len([chunk for chunk in received if chunk.choices and chunk.choices[0].delta.content]) > 5, "it came in pieces"
    assert finish_reasons(received) == [whole.choices[0].finish_reason] == ["stop"]
    assert [chunk.choices[0].delta.role for chunk in received].count("assistant") == 1
    assert received[0].choices[0].delta.role == "assistant"
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in received}) == 1
    assert received[0].model == whole.model == "auto"
    assert received[0].object == "chat.completion.chunk" and whole.object == "chat.completion"
    assert whole.usage.prompt_tokens > 0 and whole.usage.completion_tokens > 0
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens


def test_the_question_goes_through_every_layer(talking):
    whole = client(talking).chat.completions.create(**ask("Does the zebra-42 sleep? 斑馬"))
    assert "zebra-42 sleep? 斑馬" in whole.choices[0].message.content
    assert "zebra-43" in streamed_text(chunks(talking, **ask("Where is zebra-43?")))


def test_a_conversation_and_a_system_prompt_are_accepted(talking):
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "First"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": [{"type": "text", "text": "Second, of zebra-44"}]},
    ]
    whole = client(talking).chat.completions.create(model="auto", messages=messages)
    assert "zebra-44" in whole.choices[0].message.content


@pytest.mark.shows("one tool")
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_round_trip(playing, stream):
    result = "It is 21 degrees and dry."
    expected = {"user_inputs": {"inputs": [{"tool_call_result": {"tool_call_id": "call-1"}}]}}
    second = answer(text("So take no umbrella.")) | {"expect": {"input": expected}}
    gateway = playing(answer(call("get_weather", "call-1", city="Paris", days=3)), second)
    request = ask("Weather?", tools=[WEATHER])
    if stream:
        received = chunks(gateway, **request)
        (made,) = streamed_calls(received)
        assert finish_reasons(received) == ["tool_calls"]
    else:
        choice = client(gateway).chat.completions.create(**request).choices[0]
        assert choice.finish_reason == "tool_calls"
        (only,) = choice.message.tool_calls
        made = {"id": only.id, "name": only.function.name, "arguments": only.function.arguments}
    assert made["name"] == "get_weather"
    assert json.loads(made["arguments"]) == {"city": "Paris", "days": 3}
    function = {"name": made["name"], "arguments": made["arguments"]}
    request["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": [{"id": made["id"], "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": made["id"], "content": result},
    ]
    if stream:
        assert streamed_text(chunks(gateway, **request)) == "So take no umbrella."
    else:
        whole = client(gateway).chat.completions.create(**request)
        assert whole.choices[0].message.content == "So take no umbrella."


def test_the_result_of_a_tool_reaches_the_upstream(talking):
    request = ask("call get_weather", tools=[WEATHER])
    message = client(talking).chat.completions.create(**request).choices[0].message
    (made,) = message.tool_calls
    assert made.function.name == "get_weather"
    assert isinstance(json.loads(made.function.arguments)["city"], str)
    result = {"role": "tool", "tool_call_id": made.id, "content": "zebra-45 degrees"}
    request["messages"] += [message.model_dump(exclude_none=True), result]
    assert "zebra-45 degrees" in client(talking).chat.completions.create(**request).choices[0].message.content


@pytest.mark.shows("parallel tools")
@pytest.mark.parametrize("stream", [False, True])
def test_two_parallel_calls(playing, stream):
    both = (call("get_weather", "call-1", city="Paris"), call("get_time", "call-2", zone="CET"))
    gateway = playing(answer(text("Let me see."), *both), answer(text("Noon and dry.")))
    request = ask("Weather and time?", tools=[WEATHER, CLOCK])
    if stream:
        received = chunks(gateway, **request)
        made, said = streamed_calls(received), streamed_text(received)
        assert finish_reasons(received) == ["tool_calls"]
    else:
        message = client(gateway).chat.completions.create(**request).choices[0].message
        said = message.content
        made = [
            {"id": one.id, "name": one.function.name, "arguments": one.function.arguments} for one in message.tool_calls
        ]
    assert said == "Let me see."
    assert [one["name"] for one in made] == ["get_weather", "get_time"]
    assert [json.loads(one["arguments"]) for one in made] == [{"city": "Paris"}, {"zone": "CET"}]
    assert len({one["id"] for one in made}) == 2
    calls = [
        {"id": one["id"], "type": "function", "function": {"name": one["name"], "arguments": one["arguments"]}}
        for one in made
    ]
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "fine"} for one in reversed(made)]
    request["messages"] += [{"role": "assistant", "content": said, "tool_calls": calls}, *results]
    assert client(gateway).chat.completions.create(**request).choices[0].message.content == "Noon and dry."


def test_the_choice_of_tools_is_honoured(talking):
    sdk = client(talking)

    def made(words, **options):
        message = sdk.chat.completions.create(**ask(words, tools=[WEATHER, CLOCK], **options)).choices[0].message
        return [one.function.name for one in message.tool_calls or []]

    assert made("call get_time") == ["get_time"]
    assert made("call get_time", tool_choice="none") == []
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert "get_time" not in made("call get_time", tool_choice=named), "only the named tool was offered"
    assert made("call get_weather", tool_choice=named) == ["get_weather"]
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "get_time"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert made("call get_time", tool_choice=choice) == ["get_time"]
    assert "get_weather" not in made("call get_weather", tool_choice=choice)
    assert len(made("call 2 tools")) == 2
    assert len(made("call 2 tools", parallel_tool_calls=False)) == 1


def test_the_older_form_of_tools(playing):
    gateway = playing(answer(call("get_weather", "call-1", city="Paris")), answer(text("Dry.")))
    request = ask("Weather?", functions=[WEATHER["function"]], function_call="auto")
    choice = client(gateway).chat.completions.create(**request).choices[0]
    assert choice.finish_reason == "function_call" and choice.message.tool_calls is None
    made = choice.message.function_call
    assert (made.name, json.loads(made.arguments)) == ("get_weather", {"city": "Paris"})
    request["messages"] += [
        {"role": "assistant", "content": None, "function_call": {"name": made.name, "arguments": made.arguments}},
        {"role": "function", "name": made.name, "content": "21 degrees"},
    ]
    assert client(gateway).chat.completions.create(**request).choices[0].message.content == "Dry."


def test_arguments_that_an_update_replaces_are_sent_once(playing):
    step = call("get_weather", "call-1", city="Par")
    step["tool_call"]["replaced_by"] = {"city": "Paris"}
    gateway = playing(answer(step))
    (made,) = streamed_calls(chunks(gateway, **ask(tools=[WEATHER])))
    assert json.loads(made["arguments"]) == {"city": "Paris"}


@pytest.mark.shows("reasoning")
def test_reasoning_is_apart_from_the_answer(playing):
    gateway = playing(answer({"reasoning": "First I think."}, text("Then I speak.")))
    message = client(gateway).chat.completions.create(**ask()).choices[0].message
    assert (message.content, message.reasoning_content) == ("Then I speak.", "First I think.")
    received = chunks(gateway, **ask())
    thoughts = [getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in received if chunk.choices]
    assert "".join(thoughts) == "First I think."
    assert streamed_text(received) == "Then I speak."


def test_several_choices(playing):
    gateway = playing(answer(text("First.")), answer(text("Second.")))
    whole = client(gateway).chat.completions.create(**ask(n=2))
    assert [choice.index for choice in whole.choices] == [0, 1]
    assert sorted(choice.message.content for choice in whole.choices) == ["First.", "Second."]
    received = chunks(gateway, **ask(n=2, stream_options={"include_usage": True}))
    assert [streamed_text(received, index) for index in (0, 1)] == ["Second.", "Second."]
    assert finish_reasons(received) == ["stop", "stop"]
    roles = [choice.index for chunk in received for choice in chunk.choices if choice.delta.role]
    assert sorted(roles) == [0, 1]
    assert received[-1].usage.completion_tokens == whole.usage.completion_tokens


@pytest.mark.parametrize("stop", ["END", ["nowhere", "END"]])
def test_a_stop_sequence_ends_the_answer_before_it(playing, stop):
    gateway = playing(answer({"text": ["one two E", "N", "D three"]}))
    whole = client(gateway).chat.completions.create(**ask(stop=stop))
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("one two ", "stop")
    received = chunks(gateway, **ask(stop=stop))
    assert (streamed_text(received), finish_reasons(received)) == ("one two ", ["stop"])


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_no_longer_than_asked(playing, limit):
    words = " ".join(f"word{number}" for number in range(200))
    gateway = playing(answer(text(words)))
    whole = client(gateway).chat.completions.create(**ask(**{limit: 10}))
    said = whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "length"
    assert said and words.startswith(said) and len(said) < 100
    received = chunks(gateway, **ask(**{limit: 10}))
    assert (streamed_text(received), finish_reasons(received)) == (said, ["length"])


def test_the_upstreams_own_limit_is_a_length_too(playing):
    gateway = playing(answer(text("As far as I"), reason="max_token_limit"))
    whole = client(gateway).chat.completions.create(**ask())
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("As far as I", "length")


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(talking):
    picture = png(4, 3)
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    content = [{"type": "text", "text": "describe the image"}, {"type": "image_url", "image_url": {"url": url}}]
    whole = client(talking).chat.completions.create(model="auto", messages=[{"role": "user", "content": content}])
    said = whole.choices[0].message.content
    assert "image/png" in said and str(len(picture)) in said, said


def test_usage_is_in_the_last_chunk_and_only_when_asked_for(playing):
    usage = {"input": 31, "output": 7, "cache_read": 11}
    gateway = playing(answer(text(), usage=usage))
    plain = chunks(gateway, **ask())
    assert all(chunk.usage is None and chunk.choices for chunk in plain)
    received = chunks(gateway, **ask(stream_options={"include_usage": True}))
    last = received[-1]
    assert last.choices == [] and all(chunk.usage is None for chunk in received[:-1])
    whole = client(gateway).chat.completions.create(**ask())
    assert last.usage == whole.usage
    assert whole.usage.completion_tokens == 7
    assert whole.usage.prompt_tokens >= 31
    assert whole.usage.prompt_tokens_details.cached_tokens == 11


def test_the_stream_helper_puts_the_answer_together(playing):
    gateway = playing(answer(text(), call("get_weather", "call-1", city="Paris")))
    seen = []
    with client(gateway).chat.completions.stream(**ask(tools=[WEATHER])) as stream:
        for event in stream:
            seen.append(event.type)
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "tool_calls.function.arguments.done"} <= set(seen)
    message = final.choices[0].message
    assert message.content == WORDS
    assert message.tool_calls[0].function.name == "get_weather"
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}
    assert final.choices[0].finish_reason == "tool_calls"


def test_many_streams_at_once_stay_apart(talking):
    async def one(number, sdk):
        pieces = []
        async for chunk in await sdk.chat.completions.create(stream=True, **ask(f"Say okapi-{number}-end")):
            pieces += [choice.delta.content or "" for choice in chunk.choices]
        return "".join(pieces)

    async def all_of_them():
        async with AsyncOpenAI(base_url=talking.base_url, api_key="any", max_retries=0, timeout=30) as sdk:
            return await asyncio.gather(*(one(number, sdk) for number in range(24)))

    for number, said in enumerate(asyncio.run(all_of_them())):
        assert f"okapi-{number}-end" in said
        others = {f"okapi-{other}-end" for other in range(24)} - {f"okapi-{number}-end"}
        assert not any(other in said for other in others)


@pytest.mark.shows("cancel")
def test_a_client_that_goes_away_leaves_the_gateway_well(playing):
    gateway = playing(minute(), minute(), answer(text("Still here.")))
    for _ in range(2):
        stream = client(gateway).chat.completions.create(stream=True, **ask())
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        stream.close()
        assert gateway.was_abandoned()
    assert client(gateway).chat.completions.create(**ask()).choices[0].message.content == "Still here."
    code, seconds = gateway.stop()
    assert code == 0 and seconds < 5, "a minute of text that nobody reads is not waited for"


def test_the_models_are_listed_and_found(talking):
    sdk = client(talking)
    listed = [model.id for model in sdk.models.list()]
    assert "auto" in listed and "gpt-5 (high reasoning)" in listed
    found = sdk.models.retrieve("gpt-5 (high reasoning)")
    assert (found.id, found.object) == ("gpt-5 (high reasoning)", "model") and found.owned_by


def test_pages_are_cited_in_the_answer_and_in_the_stream(playing):
    page = "https://okapi.example/"
    cites = {"message": {"agent_output": {"text": f"See {page}."},
                         "citations": [{"document_id": page, "document_type": "WEB_PAGE"}]}}
    gateway = playing(answer(cites))
    options = ask(web_search_options={})
    whole = client(gateway).chat.completions.create(**options).choices[0].message
    with client(gateway).chat.completions.stream(**options) as stream:
        streamed = stream.get_final_completion().choices[0].message
    cited = [annotation.url_citation for annotation in whole.annotations]
    assert [(cite.url, whole.content[cite.start_index:cite.end_index]) for cite in cited] == [(page, page)]
    assert streamed.content == whole.content
    assert streamed.annotations == whole.annotations


@pytest.mark.shows("structured output")
def test_an_answer_by_a_schema(playing):
    class Fact(BaseModel):
        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    sdk = client(gateway).chat.completions
    assert sdk.parse(**ask("Where?"), response_format=Fact).choices[0].message.parsed == Fact(city="Oslo", days=3)
    with sdk.stream(**ask("Where?"), response_format=Fact) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Fact(city="Oslo", days=3)


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    sdk = client(gateway).with_options(timeout=TIMER)
    assert streamed_text(list(sdk.chat.completions.create(stream=True, **ask()))) == "before after"
