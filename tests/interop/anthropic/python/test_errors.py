"""Every class of failure as the exception class that programs of Anthropic's SDK catch."""

import anthropic
import httpx
import pytest
from anthropic import Anthropic

from steps import answer, text

CLIENT = "anthropic (Python)"
VERSION = anthropic.__version__


def ask(words="Hello", **options):
    return {"model": "auto", "max_tokens": 1024, "messages": [{"role": "user", "content": words}], **options}


def client(gateway, key="any", retries=0):
    return Anthropic(base_url=gateway.root, api_key=key, max_retries=retries, timeout=30)


def failure(gateway, status, kind, request=None):
    """The exception of a request, the same whether or not a stream was asked for."""
    for stream in (False, True):
        with pytest.raises(anthropic.APIStatusError) as caught:
            client(gateway).messages.create(stream=stream, **(request or ask()))
        error = caught.value
        assert error.status_code == status, repr(error)
        assert set(error.body) == {"type", "error", "request_id"} and error.body["type"] == "error"
        assert error.body["error"]["type"] == kind
        assert len(error.body["error"]["message"]) > 10
        assert error.request_id and error.request_id == error.body["request_id"]
    return error


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ],
)
def test_a_bad_request(talking, wrong, field):
    error = failure(talking, 400, "invalid_request_error", ask() | wrong)
    assert type(error) is anthropic.BadRequestError and f"`{field}`" in error.body["error"]["message"]


def test_a_remote_image_is_refused_by_name(talking):
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}}
    error = failure(talking, 400, "invalid_request_error", ask([{"type": "text", "text": "See"}, image]))
    assert "messages[0].content[1].source.url" in error.body["error"]["message"]


@pytest.mark.shows("error classes")
def test_a_wrong_client_key(playing):
    gateway = playing(API_TOKEN="right-key")
    error = failure(gateway, 401, "authentication_error")
    assert type(error) is anthropic.AuthenticationError
    assert client(gateway, key="right-key").messages.create(**ask()).content[0].text
    bearer = Anthropic(base_url=gateway.root, auth_token="right-key", max_retries=0)
    assert bearer.messages.create(**ask()).content[0].text


@pytest.mark.shows("error classes")
def test_an_unknown_model(talking):
    error = failure(talking, 404, "not_found_error", ask() | {"model": "no-such-model"})
    assert type(error) is anthropic.NotFoundError
    with pytest.raises(anthropic.NotFoundError) as caught:
        client(talking).models.retrieve("no-such-model")
    assert caught.value.body["error"]["type"] == "not_found_error"


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("exchange", "status", "kind", "headers"),
    [
        ({"status": 403}, 403, "permission_error", {}),
        ({"status": 429, "headers": {"retry-after": "7"}}, 429, "rate_limit_error", {"retry-after": "7"}),
        ({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}}, 429, "rate_limit_error", {"x-should-retry": "false"}),
        ({"status": 503}, 503, "api_error", {"retry-after": "1"}),
        ({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, 529, "overloaded_error", {}),
        ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, 400, "invalid_request_error", {}),
        ({"steps": [{"finish": {"reason": "quota_limit"}}]}, 429, "rate_limit_error", {"x-should-retry": "false"}),
    ],
)
def test_what_the_upstream_refuses(playing, exchange, status, kind, headers):
    error = failure(playing(exchange), status, kind)
    for name, value in headers.items():
        assert error.response.headers[name] == value
    if status == 400:
        assert error.body["error"]["message"].startswith("prompt is too long")


@pytest.mark.shows("error classes")
def test_spent_credits_are_not_asked_for_twice(playing):
    gateway = playing({"steps": [{"finish": {"reason": "quota_limit"}}]}, answer(text("never")))
    with pytest.raises(anthropic.RateLimitError):
        client(gateway, retries=2).messages.create(**ask())


@pytest.mark.parametrize("end", ["cut", {"finish": {"reason": "llm_unavailable"}}])
def test_a_failure_in_the_middle_is_raised_after_the_text_that_came(playing, end):
    gateway = playing({"steps": [text("so far "), {"delay_ms": 300}, end]})
    received = []
    with pytest.raises(anthropic.APIStatusError) as caught, client(gateway).messages.stream(**ask()) as stream:
        for piece in stream.text_stream:
            received.append(piece)
    assert "".join(received) == "so far "
    assert caught.value.body["error"]["type"] in ("api_error", "overloaded_error")
    assert caught.value.body["request_id"].startswith("req_")
    with pytest.raises(anthropic.APIStatusError):
        client(gateway).messages.create(**ask())


def test_the_frameworks_own_refusals_have_the_dialects_form(talking):
    url = f"{talking.root}/v1/messages"
    for response, status, kind in [
        (httpx.get(url), 405, "invalid_request_error"),
        (httpx.post(url, content=b"x", headers={"content-encoding": "rot13"}), 415, "invalid_request_error"),
        (httpx.post(url, content=b"x", headers={"content-encoding": "gzip"}), 400, "invalid_request_error"),
        (httpx.post(url, content=b" " * (65 << 20)), 413, "request_too_large"),
        (httpx.post(f"{url}/batches", json={}, headers={"anthropic-version": "2023-06-01"}), 404, "not_found_error"),
    ]:
        assert (response.status_code, response.json()["error"]["type"]) == (status, kind)
        assert response.json()["request_id"] == response.headers["request-id"]
    assert httpx.head(talking.root).status_code == 200


def test_silence_is_filled_with_pings(playing):
    exchange = {"steps": [text("a"), {"delay_ms": 5_000}, text("b"), {"finish": {}}]}
    gateway = playing(exchange, exchange, WARP2API_HEARTBEAT="1")
    request = ask() | {"stream": True}
    # The first request loads the tokenizer, which may take a part of the silence.
    httpx.post(f"{gateway.root}/v1/messages/count_tokens", json=ask(), timeout=30)
    stream = httpx.post(f"{gateway.root}/v1/messages", json=request, timeout=30).text
    assert stream.count('event: ping\ndata: {"type":"ping"}\n\n') >= 3
    with client(gateway).messages.stream(**ask()) as read:
        assert read.get_final_text() == "ab"
    assert stream.rstrip().endswith('{"type":"message_stop"}')


def test_the_limits_of_a_client_key(playing):
    gateway = playing()
    key = gateway.key("busy", "--requests-per-minute", "1", "--tokens-per-day", "1M", "--models", "auto")
    raw = client(gateway, key).messages.with_raw_response.create(**ask())
    assert raw.headers["anthropic-ratelimit-requests-remaining"] == "0"
    usage = raw.parse().usage
    left = int(raw.headers["anthropic-ratelimit-tokens-limit"]) - int(raw.headers["anthropic-ratelimit-tokens-remaining"])
    assert left == usage.input_tokens + usage.output_tokens
    with pytest.raises(anthropic.RateLimitError) as caught:
        client(gateway, key).messages.create(**ask())
    assert "`busy`" in caught.value.body["error"]["message"]
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 61
    assert [model.id for model in client(gateway, key).models.list()] == ["auto"]
    with pytest.raises(anthropic.PermissionDeniedError, match="only: auto"):
        client(gateway, key).messages.create(**(ask() | {"model": "gpt-5"}))
