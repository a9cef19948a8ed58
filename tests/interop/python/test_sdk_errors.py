"""Every class of failure as the exception class that programs catch."""

import openai
import pytest
from openai import OpenAI

from steps import WEATHER, answer, ask, text

CLIENT = "openai (Python), Chat Completions"
VERSION = openai.__version__


def client(gateway, key="any", retries=0):
    return OpenAI(base_url=gateway.base_url, api_key=key, max_retries=retries, timeout=30)


def failure(gateway, kind, **request):
    """The exception of a request: of class `kind` exactly, and the same whether or not a stream was asked for."""
    seen = []
    for stream in (False, True):
        with pytest.raises(openai.APIError) as caught:
            client(gateway).chat.completions.create(stream=stream, **request)
        assert type(caught.value) is kind, repr(caught.value)
        assert caught.value.request_id, "the request's id goes with the error"
        assert len(caught.value.body["message"]) > 10
        seen.append((caught.value.status_code, caught.value.code, caught.value.param, caught.value.type))
    assert seen[0] == seen[1]
    return caught.value


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"n": 0}, "n"),
        ({"logprobs": True}, "logprobs"),
    ],
)
def test_a_bad_request(talking, wrong, param):
    error = failure(talking, openai.BadRequestError, **(ask() | wrong))
    assert (error.param, error.type) == (param, "invalid_request_error")


def test_a_remote_image_is_refused_by_name(talking):
    image = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "See"}, image]}]
    error = failure(talking, openai.BadRequestError, model="auto", messages=messages)
    assert error.param.startswith("messages[0].content[1]") and "data:" in error.body["message"]


@pytest.mark.shows("error classes")
def test_a_wrong_client_key(playing):
    gateway = playing(API_TOKEN="right-key")
    error = failure(gateway, openai.AuthenticationError, **ask())
    assert error.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        client(gateway).models.list()
    assert client(gateway, key="right-key").chat.completions.create(**ask("Hi")).choices[0].message.content
    assert "right-key" not in "".join(gateway.said)


@pytest.mark.shows("error classes")
def test_an_unknown_model(talking):
    error = failure(talking, openai.NotFoundError, **(ask() | {"model": "gpt-5-2-hihg"}))
    assert (error.code, error.param) == ("model_not_found", "model")
    assert "gpt-5-2-high" in error.body["message"], "the nearest name is offered"
    with pytest.raises(openai.NotFoundError):
        client(talking).models.retrieve("no-such-model")


def test_a_body_that_is_too_large(playing):
    gateway = playing(WARP2API_MAX_BODY="16KiB")
    error = failure(gateway, openai.APIStatusError, **ask("x" * 20_000))
    assert (error.status_code, error.code) == (413, "request_too_large")
    assert client(gateway).chat.completions.create(**ask("x" * 10_000)).choices


OUT_OF_CREDITS = {
    "status": 429,
    "headers": {"x-warp-error-code": "OUT_OF_CREDITS"},
    "body": {"error": "No AI requests remaining", "userDisplayMessage": "You are out of credits."},
}


@pytest.mark.shows("error classes")
def test_spent_credits_are_not_tried_again(playing):
    gateway = playing(OUT_OF_CREDITS, answer(text("This must not be reached.")))
    with pytest.raises(openai.RateLimitError) as caught:
        client(gateway, retries=3).chat.completions.create(**ask())
    assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
    assert "credits" in caught.value.body["message"]


def test_spent_credits_at_the_streams_end(playing):
    gateway = playing({"steps": [{"finish": {"reason": "quota_limit"}}]})
    assert failure(gateway, openai.RateLimitError, **ask()).code == "insufficient_quota"


@pytest.mark.shows("error classes")
def test_a_rate_limit_says_how_long_to_wait(playing):
    gateway = playing({"status": 429, "headers": {"retry-after": "7"}, "body": {"error": "Too many requests"}})
    error = failure(gateway, openai.RateLimitError, **ask())
    assert (error.code, error.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert 0 < int(error.response.headers["retry-after"]) <= 7


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("exchange", "kind", "status", "code"),
    [
        ({"status": 403}, openai.PermissionDeniedError, 403, "forbidden"),
        ({"status": 401}, openai.InternalServerError, 503, "no_credential"),
        ({"status": 500}, openai.InternalServerError, None, None),
        ({"status": 503}, openai.InternalServerError, 503, "service_unavailable"),
        ({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, openai.InternalServerError, 503, "overloaded"),
        (
            {"steps": [{"finish": {"reason": "context_window_exceeded"}}]},
            openai.BadRequestError,
            400,
            "context_length_exceeded",
        ),
        ({"steps": [{"finish": {"reason": "other"}}]}, openai.InternalServerError, 500, None),
        ({"steps": ["cut"]}, openai.InternalServerError, None, None),
        ({"steps": [{"data": "!!! no base64"}, "cut"]}, openai.InternalServerError, None, None),
        ({"preamble": False, "steps": ["cut"]}, openai.InternalServerError, None, None),
    ],
    ids=["403", "401", "500", "503", "overloaded", "context", "other", "cut", "broken", "empty"],
)
def test_an_upstream_that_fails_before_it_speaks(playing, exchange, kind, status, code):
    error = failure(playing(exchange), kind, **ask())
    assert error.status_code == (status or error.status_code)
    assert error.code == (code or error.code)


def test_a_model_that_the_plan_forbids(playing):
    refusal = {"status": 400, "body": {"error": "requested base model auto is not allowed for your account"}}
    error = failure(playing(refusal), openai.PermissionDeniedError, **ask())
    assert (error.status_code, error.code, error.param) == (403, "model_not_allowed", "model")


def test_a_passing_failure_is_tried_again_by_the_gateway(playing):
    gateway = playing({"status": 503}, {"status": 500}, answer(text("Third time lucky.")))
    assert client(gateway).chat.completions.create(**ask()).choices[0].message.content == "Third time lucky."


@pytest.mark.parametrize(
    "ending",
    [["cut"], ["abort"], [{"data": "!!! no base64"}], [{"finish": {"reason": {"internal_error": {"message": "oops"}}}}]],
    ids=["cut", "abort", "broken", "internal"],
)
def test_a_failure_in_the_middle_is_raised_after_the_text_that_came(playing, ending):
    gateway = playing({"steps": [text("So far so good "), {"delay_ms": 300}, *ending]})
    pieces = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in client(gateway).chat.completions.create(stream=True, **ask()):
            pieces += [choice.delta.content or "" for choice in chunk.choices]
            assert not any(choice.finish_reason for choice in chunk.choices), "a broken answer has no finish"
    assert "".join(pieces) == "So far so good "
    assert type(caught.value) is openai.APIError and caught.value.body["message"]
    with pytest.raises(openai.InternalServerError):
        client(gateway).chat.completions.create(**ask())


def test_strictness_refuses_what_cannot_be_honoured(playing):
    gateway = playing(WARP2API_STRICT="true")
    error = failure(gateway, openai.BadRequestError, **ask(temperature=0.1))
    assert "temperature" in error.body["message"]


def test_a_tool_that_is_no_function_is_refused_by_name(talking):
    broken = {"type": "function", "function": WEATHER["function"] | {"parameters": "none"}}
    error = failure(talking, openai.BadRequestError, **ask(tools=[broken]))
    assert error.param.startswith("tools[0]")


def test_the_limits_of_a_client_key(playing):
    gateway = playing()
    key = gateway.key("busy", "--requests-per-minute", "1", "--tokens-per-day", "1M")
    raw = client(gateway, key).chat.completions.with_raw_response.create(**ask())
    assert raw.headers["x-ratelimit-remaining-requests"] == "0"
    left = int(raw.headers["x-ratelimit-limit-tokens"]) - int(raw.headers["x-ratelimit-remaining-tokens"])
    assert left == raw.parse().usage.total_tokens
    with pytest.raises(openai.RateLimitError) as caught:
        client(gateway, key).chat.completions.create(**ask())
    assert caught.value.code == "rate_limit_exceeded" and "`busy`" in caught.value.body["message"]
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 61
    spent = gateway.key("spent", "--tokens-per-day", "1")
    client(gateway, spent).chat.completions.create(**ask())
    with pytest.raises(openai.RateLimitError) as caught:
        # It is not tried again, though it may be: nobody waits until midnight.
        client(gateway, spent, retries=2).chat.completions.create(**ask())
    assert caught.value.code == "insufficient_quota"
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 24 * 3600


def test_what_a_client_key_may_use(playing):
    gateway = playing()
    key = gateway.key("narrow", "--models", "gpt-5", "--dialects", "openai_responses")
    assert [model.id for model in client(gateway, key).models.list()] == ["gpt-5"]
    with pytest.raises(openai.PermissionDeniedError, match="only: openai_responses"):
        client(gateway, key).chat.completions.create(**ask())
    with pytest.raises(openai.PermissionDeniedError, match="only: gpt-5") as caught:
        client(gateway, key).responses.create(model="auto", input="hi")
    assert (caught.value.code, caught.value.param) == ("model_not_allowed", "model")
    assert client(gateway, key).responses.create(model="gpt-5", input="hi").output_text
