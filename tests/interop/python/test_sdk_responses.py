"""What the official SDK makes of the other API: answers, streams, tools, kept answers and failures."""

import base64
import json

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from steps import HEARTBEAT, SILENCE, TIMER, WORDS, answer, call, minute, png, text

CLIENT = "openai (Python), Responses"
VERSION = openai.__version__


def client(gateway, key="any", retries=0):
    return OpenAI(base_url=gateway.base_url, api_key=key, max_retries=retries, timeout=30)


def tool(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": f"Does {name}.", "parameters": parameters, "strict": False}


WEATHER = tool("get_weather", city={"type": "string"})
CLOCK = tool("get_time", zone={"type": "string"})


def ask(words="Hello", **options):
    return {"model": "auto", "input": words, **options}


def streamed(gateway, **request):
    """The events of a stream and the response that it ends with, which the helper and the plain stream agree on."""
    plain = list(client(gateway).responses.create(stream=True, **request))
    with client(gateway).responses.stream(**request) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds == [event.type for event in plain]
    assert [event.sequence_number for event in plain] == list(range(len(plain)))
    return plain, final


@pytest.mark.shows("text", "stream", "reasoning")
def test_a_streamed_answer_is_the_whole_answer(playing):
    gateway = playing(answer({"reasoning": "Hm."}, text()))
    whole = client(gateway).responses.create(**ask(metadata={"a": "b"}, instructions="Be brief."))
    assert (whole.object, whole.status, whole.model, whole.output_text) == ("response", "completed", "auto", WORDS)
    assert (whole.metadata, whole.instructions, whole.error) == ({"a": "b"}, "Be brief.", None)
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    assert whole.output[0].summary[0].text == "Hm."
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens > 0
    events, final = streamed(gateway, **ask())
    assert final.output_text == WORDS == "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert "".join(e.delta for e in events if e.type == "response.reasoning_summary_text.delta") == "Hm."
    assert len([e for e in events if e.type == "response.output_text.delta"]) > 5, "it came in pieces"
    assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens > 0
    assert [item.type for item in events[-1].response.output] == ["reasoning", "message"]


@pytest.mark.shows("parallel tools")
@pytest.mark.parametrize("stream", [False, True])
def test_tools_in_parallel_there_and_back(playing, stream):
    calls = answer(call("get_weather", "call-1", city="Paris"), call("get_time", "call-2", zone="CET"), call("get_time", "call-3"))
    inputs = [{"tool_call_result": {"tool_call_id": f"call-{number}"}} for number in (1, 2, 3)]
    second = answer(text("Dry, at noon.")) | {"expect": {"input": {"user_inputs": {"inputs": inputs}}}}
    script = [calls, calls, second] if stream else [calls, second]
    gateway = playing(*script)
    request = ask("Weather and time?", tools=[WEATHER, CLOCK])
    made = streamed(gateway, **request)[1] if stream else client(gateway).responses.create(**request)
    assert [(item.type, item.call_id, item.name, json.loads(item.arguments)) for item in made.output] == [
        ("function_call", "call-1", "get_weather", {"city": "Paris"}),
        ("function_call", "call-2", "get_time", {"zone": "CET"}),
        ("function_call", "call-3", "get_time", {}),
    ]
    history = [{"role": "user", "content": "Weather and time?"}]
    history += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in made.output]
    history += [{"type": "function_call_output", "call_id": f"call-{number}", "output": "fine"} for number in (1, 2, 3)]
    assert client(gateway).responses.create(**(request | {"input": history})).output_text == "Dry, at noon."


@pytest.mark.shows("one tool")
def test_a_conversation_from_kept_answers(talking):
    sdk = client(talking)
    first = sdk.responses.create(**ask("call get_weather", tools=[WEATHER]))
    (made,) = first.output
    result = [{"type": "function_call_output", "call_id": made.call_id, "output": "zebra-50 degrees"}]
    second = sdk.responses.create(**ask(result, tools=[WEATHER], previous_response_id=first.id))
    assert second.previous_response_id == first.id
    assert "zebra-50 degrees" in second.output_text
    assert sdk.responses.retrieve(second.id).output_text == second.output_text
    assert sdk.responses.delete(second.id) is None
    for gone in (second.id, "resp_nowhere"):
        with pytest.raises(openai.NotFoundError):
            sdk.responses.retrieve(gone)
        with pytest.raises(openai.BadRequestError) as caught:
            sdk.responses.create(**ask("And?", previous_response_id=gone))
        assert caught.value.param == "previous_response_id"
    forgotten = sdk.responses.create(**ask("Hi", store=False))
    assert forgotten.store is False
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(forgotten.id)


def test_a_custom_tool_takes_text(playing):
    patch = "*** Begin Patch\n\"quoted\" \\ é 😀\n*** End Patch"
    gateway = playing(answer(call("apply_patch", "call-1", input=patch)))
    request = ask("Patch it", tools=[{"type": "custom", "name": "apply_patch", "description": "Edits."}])
    events, final = streamed(gateway, **request)
    (made,) = final.output
    assert (made.type, made.name, made.call_id, made.input) == ("custom_tool_call", "apply_patch", "call-1", patch)
    assert "".join(e.delta for e in events if e.type == "response.custom_tool_call_input.delta") == patch


def test_a_call_in_a_namespace(playing):
    gateway = playing(answer(call("files__read", "call-1", path="a")))
    members = [{"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}]
    request = ask("Read", extra_body={"tools": [{"type": "namespace", "name": "files", "tools": members}]})
    (made,) = client(gateway).responses.create(**request).output
    assert (made.name, made.model_dump()["namespace"]) == ("read", "files")


def test_a_count_of_the_input(talking):
    sdk = client(talking)
    count = lambda **body: sdk.post("/responses/input_tokens", body=body, cast_to=object)
    few, many = count(**ask("Hi")), count(**ask("Hi " * 1000))
    assert few["object"] == "response.input_tokens" and 0 < few["input_tokens"] < 50 < many["input_tokens"]


def test_an_answer_that_was_cut_is_incomplete(playing):
    gateway = playing(answer(text("word " * 200)))
    whole = client(gateway).responses.create(**ask(max_output_tokens=5))
    assert (whole.status, whole.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert whole.output_text and len(whole.output_text) < 100
    events = list(client(gateway).responses.create(stream=True, **ask(max_output_tokens=5)))
    assert events[-1].type == "response.incomplete"


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://x.example/a.png"}]}]},
         "input[0].content[0].image_url"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
    ],
)
def test_a_bad_request(talking, wrong, param):
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as caught:
            client(talking).responses.create(stream=stream, **(ask() | wrong))
        assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ("fail quota", openai.RateLimitError, "insufficient_quota"),
        ("fail context", openai.BadRequestError, "context_length_exceeded"),
        ("fail 503", openai.InternalServerError, "service_unavailable"),
    ],
)
def test_a_failure_before_the_answer(talking, words, kind, code):
    for stream in (False, True):
        with pytest.raises(kind) as caught:
            list(client(talking).responses.create(stream=stream, **ask(words)))
        assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("words", "code"), [("fail quota late", "insufficient_quota"), ("cut", "upstream_truncated"), ("fail context late", "context_length_exceeded")]
)
def test_a_failure_in_the_middle(talking, words, code):
    events = list(client(talking).responses.create(stream=True, **ask(words)))
    assert events[-1].type == "response.failed"
    assert (events[-1].response.status, events[-1].response.error.code) == ("failed", code)
    assert not [event for event in events if event.type == "response.output_item.done"]


@pytest.mark.shows("error classes")
def test_a_wrong_key_and_an_unknown_model(playing):
    gateway = playing(API_TOKEN="right-key")
    for stream in (False, True):
        with pytest.raises(openai.AuthenticationError) as caught:
            client(gateway).responses.create(stream=stream, **ask())
        assert caught.value.code == "invalid_api_key" and caught.value.body["message"]
        with pytest.raises(openai.NotFoundError) as caught:
            client(gateway, key="right-key").responses.create(stream=stream, **(ask() | {"model": "no-such-model"}))
        assert caught.value.code == "model_not_found" and "no-such-model" in caught.value.body["message"]


@pytest.mark.shows("image")
def test_an_image_reaches_the_upstream(talking):
    picture = png(4, 3)
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    content = [{"type": "input_text", "text": "describe the image"}, {"type": "input_image", "image_url": url, "detail": "auto"}]
    said = client(talking).responses.create(**ask([{"role": "user", "content": content}])).output_text
    assert "image/png" in said and str(len(picture)) in said, said


@pytest.mark.shows("structured output")
def test_an_answer_by_a_schema(playing):
    class Fact(BaseModel):
        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    sdk = client(gateway).responses
    assert sdk.parse(**ask("Where?"), text_format=Fact).output_parsed == Fact(city="Oslo", days=3)
    with sdk.stream(**ask("Where?"), text_format=Fact) as stream:
        assert stream.get_final_response().output_parsed == Fact(city="Oslo", days=3)


@pytest.mark.shows("cancel")
def test_a_client_that_goes_away_ends_the_upstreams_answer(playing):
    gateway = playing(minute(), answer(text("Still here.")))
    stream = client(gateway).responses.create(stream=True, **ask())
    assert any(event.type == "response.output_text.delta" for event in stream)
    stream.close()
    assert gateway.was_abandoned()
    assert client(gateway).responses.create(**ask()).output_text == "Still here."


@pytest.mark.shows("long silence")
def test_a_silence_longer_than_the_clients_patience(playing):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    with client(gateway).with_options(timeout=TIMER).responses.stream(**ask()) as stream:
        assert stream.get_final_response().output_text == "before after"
