"""What Google's official SDK for Python makes of answers and failures, streamed and whole."""

import concurrent.futures
import json
import urllib.error
import urllib.request

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from steps import HEARTBEAT, SILENCE, TIMER, WORDS, answer, call, minute, png, text

CLIENT = "google-genai (Python)"
VERSION = genai.__version__

WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="Says the weather.",
    parameters=types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]),
)
CLOCK = types.FunctionDeclaration(
    name="get_time",
    description="Says the time.",
    parameters=types.Schema(type="OBJECT", properties={"zone": types.Schema(type="STRING")}),
)
TOOLS = [types.Tool(function_declarations=[WEATHER, CLOCK])]
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


# A client that nobody holds closes its connections, even while its models are still in use.
CLIENTS = []


def client(gateway, key="any", timeout=30.0):
    options = types.HttpOptions(base_url=gateway.root, timeout=int(timeout * 1000))
    CLIENTS.append(genai.Client(api_key=key, http_options=options))
    return CLIENTS[-1]


def config(**options):
    return types.GenerateContentConfig(**options)


def parts(chunks, index=0):
    """All parts of one candidate."""
    candidates = [one for chunk in chunks for one in chunk.candidates if (one.index or 0) == index]
    return [part for one in candidates for part in one.content.parts]


def spoken(chunks, index=0):
    return "".join(part.text for part in parts(chunks, index) if part.text and not part.thought)


def ask(gateway, contents="Hello", stream=True, **options):
    """The chunks of an answer; one when it is not streamed."""
    models = client(gateway).models
    arguments = {"model": "auto", "contents": contents, "config": config(**options)}
    if stream:
        return list(models.generate_content_stream(**arguments))
    return [models.generate_content(**arguments)]


@pytest.mark.shows("text", "stream")
@pytest.mark.parametrize("stream", [False, True])
def test_the_words_arrive_as_they_are(playing, stream):
    gateway = playing(answer(text(list(WORDS))))
    chunks = ask(gateway, stream=stream)
    assert spoken(chunks) == WORDS
    last = chunks[-1]
    assert last.candidates[0].finish_reason == types.FinishReason.STOP
    usage = last.usage_metadata
    assert usage.prompt_token_count > 0 and usage.candidates_token_count > 0
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert last.model_version and last.response_id
    assert all(chunk.usage_metadata is None for chunk in chunks[:-1])


def test_the_embedded_upstream_hears_the_question(talking):
    response = client(talking).models.generate_content(model="models/auto", contents="Where is okapi-9?")
    assert "okapi-9" in response.text
    hidden = config(system_instruction="The word is quagga-7.")
    response = client(talking).models.generate_content(model="auto", contents="instructions", config=hidden)
    assert "quagga-7" in response.text


@pytest.mark.shows("parallel tools")
@pytest.mark.parametrize("stream", [False, True])
def test_two_parallel_calls_and_their_results(playing, stream):
    both = answer(text("Looking."), call("get_weather", "c1", city="Paris"), call("get_time", "c2", zone="CET"))
    gateway = playing(both, answer(text("Noon and dry.")))
    chunks = ask(gateway, stream=stream, tools=TOOLS, automatic_function_calling=BY_HAND)
    calls = [part.function_call for part in parts(chunks) if part.function_call]
    assert [(one.name, one.args) for one in calls] == [("get_weather", {"city": "Paris"}), ("get_time", {"zone": "CET"})]
    assert len({one.id for one in calls}) == 2
    history = [
        types.Content(role="user", parts=[types.Part(text="Weather and time?")]),
        types.Content(role="model", parts=[part for part in parts(chunks) if part.text or part.function_call]),
        # As most clients write it: without ids.
        types.Content(
            role="user",
            parts=[types.Part.from_function_response(name=one.name, response={"output": "fine"}) for one in calls],
        ),
    ]
    again = ask(gateway, history, stream=stream, tools=TOOLS, automatic_function_calling=BY_HAND)
    assert spoken(again) == "Noon and dry."


@pytest.mark.shows("one tool")
@pytest.mark.parametrize("stream", [False, True])
def test_the_sdks_own_tool_loop_comes_to_an_end(playing, stream):
    gateway = playing(answer(call("get_weather", "c1", city="Paris")), answer(text("Dry.")))
    asked = []

    def get_weather(city: str) -> str:
        """Says the weather."""
        asked.append(city)
        return "dry"

    assert spoken(ask(gateway, "Weather?", stream=stream, tools=[get_weather])) == "Dry."
    assert asked == ["Paris"]


def test_the_choice_of_tools_is_honoured(talking):
    def choice(mode, **more):
        return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode, **more))

    def called(tool_config):
        chunks = ask(
            talking, "call 2 tools", tools=TOOLS, tool_config=tool_config, automatic_function_calling=BY_HAND
        )
        return {part.function_call.name for part in parts(chunks) if part.function_call}

    assert called(choice("AUTO"))
    assert called(choice("NONE")) == set()
    assert called(choice("ANY", allowed_function_names=["get_time"])) == {"get_time"}


@pytest.mark.shows("reasoning")
@pytest.mark.parametrize("stream", [False, True])
def test_thinking_is_apart_and_only_for_those_who_ask(playing, stream):
    gateway = playing(answer({"reasoning": "Hm."}, text("42")))
    shown = ask(gateway, stream=stream, thinking_config=types.ThinkingConfig(include_thoughts=True))
    assert "".join(part.text for part in parts(shown) if part.thought) == "Hm."
    assert spoken(shown) == "42"
    assert not any(part.thought for part in parts(ask(gateway, stream=stream)))


@pytest.mark.parametrize("stream", [False, True])
def test_several_candidates_a_stop_and_a_length(playing, stream):
    gateway = playing(answer(text(["one two E", "ND three four five six"])))
    several = ask(gateway, stream=stream, candidate_count=2)
    assert [spoken(several, index) for index in range(2)] == ["one two END three four five six"] * 2
    assert spoken(ask(gateway, stream=stream, stop_sequences=["END"])) == "one two "
    short = ask(gateway, stream=stream, max_output_tokens=2)
    assert short[-1].candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    assert spoken(short) and "one two END".startswith(spoken(short))


@pytest.mark.shows("image")
def test_an_image_and_a_file_reach_the_upstream(talking):
    contents = ["describe the image", types.Part.from_bytes(data=png(4, 3), mime_type="image/png")]
    assert "image/png" in spoken(ask(talking, contents[::-1]))


def test_a_chat_remembers_what_was_said(playing):
    gateway = playing(answer(text(["Fi", "rst."])), answer(text("Second.")))
    chat = client(gateway).chats.create(model="auto")
    assert "".join(chunk.text or "" for chunk in chat.send_message_stream("one")) == "First."
    assert chat.send_message("two").text == "Second."
    history = chat.get_history(curated=True)
    said = "".join(part.text for content in history if content.role == "model" for part in content.parts)
    assert said == "First.Second.", "no turn was thrown away as invalid"


def test_tokens_are_counted(talking):
    models = client(talking).models
    few = models.count_tokens(model="auto", contents="Hi").total_tokens
    many = models.count_tokens(model="auto", contents="Hi there, " * 100).total_tokens
    assert 0 < few < many


def test_the_models_are_listed_and_found(talking):
    models = client(talking).models
    listed = list(models.list(config={"page_size": 7}))
    names = [model.name for model in listed]
    assert "models/auto" in names and len(names) == len(set(names)) > 7
    assert models.get(model="auto").name == "models/auto"
    actions = models.get(model=names[0]).supported_actions
    assert actions is None or "generateContent" in actions
    spaced = next(name for name in names if " " in name)
    assert models.generate_content(model=spaced.removeprefix("models/"), contents="Hi").text


FAILURES = [
    ({"status": 403}, {}, errors.ClientError, 403, "PERMISSION_DENIED"),
    ({"status": 429}, {}, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    ({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}}, {}, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    ({"status": 503}, {}, errors.ServerError, 503, "UNAVAILABLE"),
    ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, {}, errors.ClientError, 400, "INVALID_ARGUMENT"),
    ({"steps": ["cut"]}, {}, errors.ServerError, 502, "UNAVAILABLE"),
    ({}, {"model": "no-such-model"}, errors.ClientError, 404, "NOT_FOUND"),
    ({}, {"contents": [types.Content(role="robot", parts=[types.Part(text="x")])]}, errors.ClientError, 400, "INVALID_ARGUMENT"),
]


@pytest.mark.shows("error classes")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("exchange", "wrong", "kind", "code", "status"), FAILURES)
def test_every_failure_is_the_right_class_of_error(playing, exchange, wrong, kind, code, status, stream):
    models = client(playing(exchange or answer(text("x")))).models
    arguments = {"model": "auto", "contents": "Hello"} | wrong
    with pytest.raises(kind) as caught:
        if stream:
            list(models.generate_content_stream(**arguments))
        else:
            models.generate_content(**arguments)
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.message


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_refused_and_the_right_one_may_be_in_the_query(playing):
    gateway = playing(API_TOKEN="right-key")
    with pytest.raises(errors.ClientError) as caught:
        client(gateway).models.generate_content(model="auto", contents="Hi")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    assert client(gateway, "right-key").models.generate_content(model="auto", contents="Hi").text
    url = f"{gateway.root}/v1beta/models"
    with urllib.request.urlopen(f"{url}?key=right%2Dkey") as response:
        assert json.load(response)["models"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{url}?key=wrong-key-7")
    assert not any("wrong-key-7" in line or "right-key" in line for line in gateway.said)


def test_a_failure_in_the_middle_is_raised_after_the_text_that_came(playing):
    gateway = playing({"steps": [text("so far "), {"delay_ms": 300}, "cut"]})
    received = []
    with pytest.raises(Exception) as caught:
        for chunk in client(gateway).models.generate_content_stream(model="auto", contents="Hello"):
            received.append(chunk)
    assert spoken(received) == "so far "
    assert isinstance(caught.value, (errors.APIError, json.JSONDecodeError)), caught.value


@pytest.mark.shows("long silence")
def test_a_long_silence_is_bridged(playing):
    gateway = playing(answer(text("before "), SILENCE, text("after")), **HEARTBEAT)
    models = client(gateway, timeout=TIMER).models
    assert spoken(list(models.generate_content_stream(model="auto", contents="Hello"))) == "before after"


@pytest.mark.shows("cancel")
def test_a_client_that_goes_away_ends_the_upstreams_answer(playing):
    gateway = playing(minute(), answer(text("Still here.")))
    stream = client(gateway).models.generate_content_stream(model="auto", contents="Hello")
    assert next(stream).text
    stream.close()
    assert gateway.was_abandoned()
    assert spoken(ask(gateway)) == "Still here."


def test_an_array_grows_while_the_answer_does(playing):
    gateway = playing(answer(text("before "), {"delay_ms": 700}, text("after")), WARP2API_HEARTBEAT="200ms")
    url = f"{gateway.root}/v1beta/models/auto:streamGenerateContent"
    body = json.dumps({"contents": "Hello"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body)) as response:
        assert response.headers["content-type"].startswith("application/json")
        first = response.read1()
        assert first.startswith(b"[{") and b"after" not in first
        chunks = json.loads(first + response.read())
    words = [part["text"] for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert "".join(words) == "before after"


@pytest.mark.shows("structured output")
def test_structured_output(playing):
    class Fact(BaseModel):
        city: str
        days: int

    gateway = playing(answer(text('{"city": "Oslo", "days": 3}')))
    options = config(response_mime_type="application/json", response_schema=Fact)
    response = client(gateway).models.generate_content(model="auto", contents="Where?", config=options)
    assert response.parsed == Fact(city="Oslo", days=3)


def test_many_streams_at_once_stay_apart(talking):
    def one(number):
        return f"word-{number}-" in spoken(ask(talking, f"Where is word-{number}-?"))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(32)))
