"""What SDKs hide: bytes, headers, paths, encodings and the bodies of refusals."""

import gzip
import json
import zlib

import brotli
import httpx
import pytest
import zstandard

from steps import WEATHER, answer, ask, call, text


@pytest.fixture
def http(talking):
    with httpx.Client(base_url=talking.root, timeout=30) as client:
        yield client


def frames(body):
    """The data of each frame, held against the rules that the SDKs' parsers need."""
    assert body.endswith("\n\n") and "\r" not in body
    assert "\u2028" not in body and "\u2029" not in body
    data = []
    for frame in body.removesuffix("\n\n").split("\n\n"):
        if frame.startswith(":"):
            assert "\n" not in frame, "a comment stands alone"
            continue
        assert frame.startswith("data: ") and "\n" not in frame, f"one line a frame, no event, id or retry: {frame!r}"
        data.append(frame.removeprefix("data: "))
    return data


def stream(client, request, path="/v1/chat/completions", **options):
    response = client.post(path, json=request | {"stream": True}, **options)
    assert response.status_code == 200, response.text
    data = frames(response.text)
    assert data[-1] == "[DONE]" and data.count("[DONE]") == 1
    return response, [json.loads(one) for one in data[:-1]]


def error_of(response):
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"message", "type", "param", "code"}
    assert isinstance(body["error"]["message"], str) and body["error"]["message"]
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["x-request-id"] == response.headers["request-id"] != ""
    return body["error"]


def test_the_headers_of_a_stream(http):
    response, _ = stream(http, ask("Hi"), headers={"accept": "application/json", "accept-encoding": "gzip, br, zstd"})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-request-id"] == response.headers["request-id"] != ""
    assert "content-length" not in response.headers and "content-encoding" not in response.headers


def test_the_order_of_a_stream(playing):
    gateway = playing(answer({"reasoning": "Hm."}, text("a\u2028b"), call("get_weather", "c", city="Paris")))
    request = ask(tools=[WEATHER], stream_options={"include_usage": True})
    with httpx.Client(base_url=gateway.root, timeout=30) as client:
        _, received = stream(client, request)
    *chunks, last = received
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    kinds = []
    for delta in deltas[1:]:
        (kind,) = delta or {"finish": None}
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    assert kinds == ["reasoning_content", "content", "tool_calls", "finish"]
    first, *rest = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert first["type"] == "function" and first["index"] == 0 and first["function"]["arguments"] == ""
    assert rest and all(set(piece) == {"index", "function"} and set(piece["function"]) == {"arguments"} for piece in rest)
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["tool_calls"]
    assert all(chunk.get("usage") is None for chunk in chunks)
    assert last["choices"] == [] and last["usage"]["total_tokens"] > 0
    assert all(chunk["object"] == "chat.completion.chunk" and chunk["id"].startswith("chatcmpl-") for chunk in received)
    assert "".join(delta.get("content", "") for delta in deltas) == "a\u2028b"


def test_a_whole_body_has_every_member(http):
    body = http.post("/v1/chat/completions", json=ask("Hi")).json()
    assert {"id", "object", "created", "model", "choices", "usage", "system_fingerprint"} <= set(body)
    (choice,) = body["choices"]
    assert {"index", "message", "finish_reason", "logprobs"} <= set(choice)
    assert choice["message"]["role"] == "assistant" and choice["message"]["refusal"] is None
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(body["usage"])
    assert "cached_tokens" in body["usage"]["prompt_tokens_details"]
    assert "reasoning_tokens" in body["usage"]["completion_tokens_details"]


def test_an_error_in_the_middle_is_one_last_frame(playing):
    gateway = playing({"steps": [text("so far "), {"delay_ms": 300}, "cut"]})
    with httpx.Client(base_url=gateway.root, timeout=30) as client:
        response = client.post("/v1/chat/completions", json=ask(stream=True))
    data = [json.loads(one) for one in frames(response.text) if one != "[DONE]"]
    assert response.status_code == 200
    assert set(data[-1]) == {"error"} and set(data[-1]["error"]) == {"message", "type", "param", "code"}
    assert all("error" not in one and one["choices"][0]["finish_reason"] is None for one in data[:-1])


def test_silence_is_filled_with_comments(playing):
    gateway = playing(answer(text("one "), {"delay_ms": 1500}, {"more": "two"}), WARP2API_HEARTBEAT="300ms")
    with httpx.Client(base_url=gateway.root, timeout=30) as client:
        response = client.post("/v1/chat/completions", json=ask(stream=True))
    assert sum(frame.startswith(":") for frame in response.text.split("\n\n")) >= 2
    frames(response.text)


def test_what_is_ignored_is_named(http):
    response = http.post("/v1/chat/completions", json=ask("Hi", temperature=0.2, seed=7, no_such_field={"a": 1}))
    assert response.status_code == 200
    named = response.headers["x-warp2api-ignored"]
    assert "temperature" in named and "seed" in named
    assert "x-warp2api-ignored" not in http.post("/v1/chat/completions", json=ask("Hi")).headers


def test_models_in_the_shape_that_the_client_reads(http):
    listed = http.get("/v1/models").json()
    assert listed["object"] == "list"
    assert all(set(model) >= {"id", "object", "created", "owned_by"} for model in listed["data"])
    assert all(isinstance(model["created"], int) for model in listed["data"])
    anthropic = http.get("/v1/models", headers={"anthropic-version": "2023-06-01"}, params={"limit": 3}).json()
    assert set(anthropic) >= {"data", "has_more", "first_id", "last_id"}
    assert len(anthropic["data"]) == 3 and anthropic["has_more"] is True
    for model in anthropic["data"]:
        assert model["type"] == "model" and model["display_name"] and model["created_at"].endswith("Z")
    assert anthropic["first_id"] == anthropic["data"][0]["id"] and anthropic["last_id"] == anthropic["data"][-1]["id"]
    one = http.get(f"/v1/models/{listed['data'][0]['id']}").json()
    assert one == listed["data"][0]
    assert error_of(http.get("/v1/models/nothing/like/it"))["code"] == "model_not_found"


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_probes(http, path):
    assert http.get(path).status_code == 200
    head = http.head(path)
    assert head.status_code == 200 and head.content == b""


@pytest.mark.parametrize(
    "path",
    ["/chat/completions", "/v1/v1/chat/completions", "/v1/chat/completions/", "/v1/chat/completions?beta=true"],
)
def test_paths_that_misconfigured_clients_use(http, path):
    assert http.post(path, json=ask("Hi")).json()["object"] == "chat.completion"


@pytest.mark.parametrize("path", ["/models", "/v1/v1/models"])
def test_models_under_other_paths(http, path):
    assert http.get(path).json()["object"] == "list"


ENCODERS = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_compressed_bodies(http, encoding):
    body = ENCODERS[encoding](json.dumps(ask("okapi-7")).encode())
    headers = {"content-encoding": encoding, "content-type": "application/json"}
    response = http.post("/v1/chat/completions", content=body, headers=headers)
    assert "okapi-7" in response.json()["choices"][0]["message"]["content"]
    broken = http.post("/v1/chat/completions", content=b"\x00no such thing" + body[:9], headers=headers)
    assert broken.status_code == 400 and error_of(broken)["type"] == "invalid_request_error"


def test_a_body_that_swells_beyond_the_limit(playing):
    gateway = playing(WARP2API_MAX_BODY="1MiB")
    swollen = json.dumps(ask("x" * (8 << 20))).encode()
    with httpx.Client(base_url=gateway.root, timeout=30) as client:
        for encoding, compress in ENCODERS.items():
            body = compress(swollen)
            assert len(body) < 1 << 20
            response = client.post("/v1/chat/completions", content=body, headers={"content-encoding": encoding})
            assert response.status_code == 413 and error_of(response)["code"] == "request_too_large", encoding


def test_an_encoding_that_nobody_knows(http):
    response = http.post("/v1/chat/completions", content=b"{}", headers={"content-encoding": "rot13"})
    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_encoding"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/path", 404),
        ("POST", "/v1/embeddings", 404),
        ("POST", "/v1/completions", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
        ("PUT", "/v1/chat/completions", 405),
    ],
)
def test_refusals_of_the_router_are_in_the_dialects_form(http, method, path, status):
    response = http.request(method, path)
    assert response.status_code == status
    assert error_of(response)["type"] == "invalid_request_error"
    if status == 405:
        assert response.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"model":"auto"}', b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "text", "not-utf-8", "no-messages", "deep"],
)
def test_bodies_that_are_no_request(http, body):
    response = http.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert error_of(response)["type"] == "invalid_request_error"


def test_a_byte_order_mark_and_a_foreign_content_type_do_no_harm(http):
    body = b"\xef\xbb\xbf" + json.dumps(ask("Hi")).encode()
    assert http.post("/v1/chat/completions", content=body, headers={"content-type": "text/plain"}).status_code == 200


def test_pages_of_other_sites_are_refused(http):
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        response = http.post("/v1/chat/completions", json=ask("Hi"), headers=headers)
        assert response.status_code == 403, headers
        error_of(response)
    assert "access-control-allow-origin" not in http.get("/v1/models").headers


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer right-key"}, {"x-api-key": "right-key"}, {"api-key": "right-key"}],
    ids=["bearer", "x-api-key", "api-key"],
)
def test_every_way_to_send_a_client_key(playing, headers):
    gateway = playing(API_TOKEN="right-key")
    with httpx.Client(base_url=gateway.root, timeout=30) as client:
        assert client.post("/v1/chat/completions", json=ask("Hi"), headers=headers).status_code == 200
        wrong = client.post("/v1/chat/completions", json=ask("Hi"), headers={name: "Bearer x" for name in headers})
        assert wrong.status_code == 401 and error_of(wrong)["code"] == "invalid_api_key"
        assert client.get("/healthz").status_code == 200
