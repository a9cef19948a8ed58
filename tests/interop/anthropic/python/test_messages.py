"""What Anthropic's official SDK makes of answers, streamed and whole."""

import asyncio
import base64

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

from steps import HEARTBEAT, SILENCE, TIMER, WORDS, answer, call, minute, png, text

CLIENT = "anthropic (Python)"
VERSION = anthropic.__version__


def tool(name, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": f"Does {name}.", "input_schema": schema}


WEATHER = tool("get_weather", city={"type": "string"})
CLOCK = tool("get_time", zone={"type": "string"})
THINKING = {"type": "enabled", "budget_tokens": 2048}


def ask(words="Hello", **options):
    return {"model": "auto", "max_tokens": 4096, "messages": [{"role": "user", "content": words}], **options}


def client(gateway, key="any"):
    return Anthropic(base_url=gateway.root, api_key=key, max_retries=0, timeout=30)


def final(gateway, **request):
    """The message of a stream, as the SDK puts it together, and the events it was made of."""
    with client(gateway).messages.stream(**request) as stream:
        events = list(stream)
        return stream.get_final_message(), events


def shown(message):
    return [block.model_dump(exclude_none=True) for block in message.content]


@pytest.mark.shows("text", "stream", "reasoning")
def test_a_streamed_answer_is_the_whole_answer(playing):
    gateway = playing(answer({"reasoning": "Hm."}, text(), usage={"input": 30, "output": 7}))
    whole = client(gateway).messages.create(**ask(thinking=THINKING))
    streamed, events = final(gateway, **ask(thinking=THINKING))
    assert shown(whole) == shown(streamed)
    thought, said = whole.content
    assert (thought.type, thought.thinking, thought.signature) == ("thinking", "Hm.", "")
    assert (said.type, said.text) == ("text", WORDS)
    assert len([event for event in events if event.type == "text"]) > 5, "it came in pieces"
    assert whole.stop_reason == streamed.stop_reason == "end_turn"
    assert whole.stop_sequence is None and streamed.stop_sequence is None
    assert whole.id.startswith("msg_") and (whole.type, whole.role, whole.model) == ("message", "assistant", "auto")
    assert (streamed.type, streamed.role, streamed.model) == (whole.type, whole.role, whole.model)
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (30, 7)
    assert (streamed.usage.input_tokens, streamed.usage.output_tokens) == (30, 7)


def test_thinking_is_shown_to_those_only_who_ask_for_it(playing):
    gateway = playing(answer({"reasoning": "Hm."}, text("42")))
    assert [block.type for block in client(gateway).messages.create(**ask()).content] == ["text"]
    streamed, _ = final(gateway, **ask())
    assert [block.type for block in streamed.content] == ["text"]


def test_the_raw_events_are_those_of_the_api(playing):
    gateway = playing(answer({"reasoning": "Hm."}, text("42"), call("get_weather", "c1", city="Paris")))
    events = list(client(gateway).messages.create(**ask(thinking=THINKING, tools=[WEATHER], stream=True)))
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("message_start") == kinds.count("message_delta") == 1
    starts = [event for event in events if event.type == "content_block_start"]
    assert [start.index for start in starts] == [0, 1, 2]
    assert [start.content_block.type for start in starts] == ["thinking", "text", "tool_use"]
    assert starts[2].content_block.input == {}
    assert [event.index for event in events if event.type == "content_block_stop"] == [0, 1, 2]
    assert events[0].message.usage.input_tokens > 0, "the input is estimated at the start"
    assert events[-2].usage.output_tokens > 0


def test_the_estimate_at_the_start_is_the_count(talking):
    request = ask("word " * 2000)
    counted = client(talking).messages.count_tokens(model="auto", messages=request["messages"]).input_tokens
    events = list(client(talking).messages.create(**request, stream=True))
    assert events[0].message.usage.input_tokens == counted and 1800 < counted < 2200
    assert events[-2].usage.input_tokens > 0, "what the upstream says counts at the end"


def test_the_question_goes_through_every_layer(talking):
    message = client(talking).messages.create(**ask("Does the zebra-42 sleep? 斑馬", system="Be brief."))
    assert "zebra-42 sleep? 斑馬" in message.content[0].text
    system = [{"type": "text", "text": "You are zebra-43.", "cache_control": {"type": "ephemeral"}}]
    assert "zebra-43" in client(talking).messages.create(**ask("instructions", system=system)).content[0].text
    messages = [{"role": "user", "content": "instructions"}, {"role": "system", "content": "You are zebra-44."}]
    streamed, _ = final(talking, **ask(messages=messages))
    assert streamed.stop_reason == "end_turn" and streamed.content[0].text


@pytest.mark.shows("one tool")
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_round_trip(playing, stream):
    expected = {"user_inputs": {"inputs": [{"tool_call_result": {"tool_call_id": "call-1"}}]}}
    second = answer(text("So take no umbrella.")) | {"expect": {"input": expected}}
    gateway = playing(answer(text("Let me see."), call("get_weather", "call-1", city="Paris", days=3)), second)
    get = (lambda **request: final(gateway, **request)[0]) if stream else client(gateway).messages.create
    request = ask("Weather?", tools=[WEATHER], thinking=THINKING)
    first = get(**request)
    assert first.stop_reason == "tool_use"
    said, made = first.content
    assert said.text == "Let me see."
    assert (made.type, made.id, made.name, made.input) == ("tool_use", "call-1", "get_weather", {"city": "Paris", "days": 3})
    result = {"type": "tool_result", "tool_use_id": made.id, "content": [{"type": "text", "text": "21 degrees and dry."}]}
    request["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    assert get(**request).content[0].text == "So take no umbrella."


@pytest.mark.parametrize("is_error", [False, True])
def test_the_result_of_a_tool_reaches_the_upstream(talking, is_error):
    request = ask("call get_weather", tools=[WEATHER])
    first = client(talking).messages.create(**request)
    (made,) = [block for block in first.content if block.type == "tool_use"]
    assert isinstance(made.input["city"], str)
    result = {"type": "tool_result", "tool_use_id": made.id, "content": "zebra-45 degrees", "is_error": is_error}
    request["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    words = client(talking).messages.create(**request).content[0].text
    assert "zebra-45 degrees" in words and ("failed" in words) == is_error


@pytest.mark.parametrize("number", [2, 5])
def test_parallel_calls(playing, number):
    calls = [call("get_weather", f"c{index}", city=f"City {index}") for index in range(number)]
    gateway = playing(answer(text("All of them."), *calls, call("get_time", "none"), call("get_time", "long", zone="é\"\n" * 50_000)))
    request = ask("Weather?", tools=[WEATHER, CLOCK])
    whole = client(gateway).messages.create(**request)
    streamed, events = final(gateway, **request)
    assert shown(whole) == shown(streamed)
    made = [block for block in streamed.content if block.type == "tool_use"]
    assert [block.id for block in made] == [*(f"c{index}" for index in range(number)), "none", "long"]
    assert made[0].input == {"city": "City 0"} and made[-2].input == {}
    assert made[-1].input == {"zone": "é\"\n" * 50_000}
    assert [event.index for event in events if event.type == "content_block_stop"] == list(range(number + 3))


@pytest.mark.shows("image")
def test_an_image_goes_in_and_a_result_may_hold_one(talking):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(2, 2)).decode()}}
    question = [{"type": "text", "text": "describe the image"}, image]
    assert "image/png" in client(talking).messages.create(**ask(question)).content[0].text
    request = ask("call get_weather", tools=[WEATHER])
    first = client(talking).messages.create(**request)
    (made,) = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": made.id, "content": [image, {"type": "text", "text": "as shown"}]}
    request["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    assert "as shown" in client(talking).messages.create(**request).content[0].text


def test_documents_are_read_or_said_not_to_be(talking):
    plain = {"type": "document", "title": "a.txt", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    raw = client(talking).messages.with_raw_response.create(**ask([plain, pdf, {"type": "text", "text": "Read zebra-46."}]))
    assert raw.headers["x-warp2api-ignored"] == "messages.content.document"
    assert "zebra-46" in raw.parse().content[0].text


def test_stop_sequences_and_length_are_kept(playing):
    gateway = playing(answer(text(["one two E", "ND three four five six seven"])))
    stopped = client(gateway).messages.create(**ask(stop_sequences=["END", "FIN"]))
    assert (stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence) == ("one two ", "stop_sequence", "END")
    streamed, _ = final(gateway, **ask(stop_sequences=["END"]))
    assert (streamed.content[0].text, streamed.stop_reason, streamed.stop_sequence) == ("one two ", "stop_sequence", "END")
    short = client(gateway).messages.create(**(ask() | {"max_tokens": 2}))
    assert short.stop_reason == "max_tokens" and "one two END three".startswith(short.content[0].text)


def test_a_full_context_after_some_text_is_an_ordinary_end(playing):
    gateway = playing({"steps": [text("so far"), {"delay_ms": 200}, {"finish": {"reason": "context_window_exceeded"}}]})
    streamed, _ = final(gateway, **ask())
    assert (streamed.content[0].text, streamed.stop_reason) == ("so far", "model_context_window_exceeded")


def test_tokens_are_counted_without_an_upstream(talking):
    count = lambda **request: client(talking).messages.count_tokens(model="auto", **request).input_tokens
    hello = [{"role": "user", "content": "Hello"}]
    plain = count(messages=hello)
    assert 1 <= plain < 20
    assert count(messages=hello, system="You are brief. " * 20) > plain + 50
    assert count(messages=hello, tools=[WEATHER]) > plain + 15
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    assert count(messages=[{"role": "user", "content": [image]}]) > 1000
    use = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Paris " * 100}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "dry " * 500}
    history = [*hello, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    assert count(messages=history, tools=[WEATHER]) > plain + 600


def test_models_are_listed_page_by_page(talking):
    models = list(client(talking).models.list(limit=5))
    assert len(models) > 10 and len({model.id for model in models}) == len(models)
    assert any(model.id == "auto" and model.type == "model" and model.display_name for model in models)
    assert client(talking).models.retrieve("auto").id == "auto"


def test_the_async_client(talking):
    async def both():
        async with AsyncAnthropic(base_url=talking.root, api_key="any", max_retries=0, timeout=30) as sdk:
            async with sdk.messages.stream(**ask("Where is zebra-47?")) as stream:
                return await sdk.messages.create(**ask("Where is zebra-47?")), await stream.get_final_message()

    whole, streamed = asyncio.run(both())
    assert "zebra-47" in whole.content[0].text and whole.content[0].text == streamed.content[0].text


def test_a_base_url_with_v1_works_too(talking):
    sdk = Anthropic(base_url=talking.base_url, api_key="any", max_retries=0, timeout=30)
    assert sdk.messages.create(**ask("Hi")).content[0].text


def test_the_beta_client_is_the_same(talking):
    message = client(talking).beta.messages.create(**ask("Where is zebra-48?"), betas=["context-1m-2025-08-07"])
    assert "zebra-48" in message.content[0].text


@pytest.mark.shows("cancel")
def test_a_client_that_goes_away_leaves_the_gateway_well(playing):
    gateway = playing(minute(), answer(text("Still here.")))
    with client(gateway).messages.stream(**ask()) as stream:
        next(iter(stream.text_stream))
    assert gateway.was_abandoned()
    assert client(gateway).messages.create(**ask()).content[0].text == "Still here."


@pytest.mark.shows("parallel tools")
def test_the_results_of_parallel_calls_go_back(playing):
    both = answer(call("get_weather", "c1", city="Paris"), call("get_time", "c2", zone="CET"))
    inputs = [{"tool_call_result": {"tool_call_id": one}} for one in ("c1", "c2")]
    second = answer(text("Noon and dry.")) | {"expect": {"input": {"user_inputs": {"inputs": inputs}}}}
    gateway = playing(both, second)
    request = ask("Weather and time?", tools=[WEATHER, CLOCK])
    made = client(gateway).messages.create(**request).content
    assert [(one.name, one.input) for one in made] == [("get_weather", {"city": "Paris"}), ("get_time", {"zone": "CET"})]
    results = [{"type": "tool_result", "tool_use_id": one.id, "content": "fine"} for one in made]
    request["messages"] += [{"role": "assistant", "content": made}, {"role": "user", "content": results}]
    assert client(gateway).messages.create(**request).content[0].text == "Noon and dry."


@pytest.mark.shows("structured output")
def test_an_answer_by_a_schema(playing):
    class Fact(BaseModel):
        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    sdk = client(gateway)
    # The line 0.x has it among its experiments.
    messages = sdk.messages if hasattr(sdk.messages, "parse") else sdk.beta.messages
    assert messages.parse(**ask("Where?"), output_format=Fact).parsed_output == Fact(city="Oslo", days=3)
    with messages.stream(**ask("Where?"), output_format=Fact) as stream:
        assert stream.get_final_message().parsed_output == Fact(city="Oslo", days=3)


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    with client(gateway).with_options(timeout=TIMER).messages.stream(**ask()) as stream:
        assert stream.get_final_text() == "before after"
