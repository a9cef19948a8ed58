"""OpenAI's SDK for Python reads the stream of every capture, over Chat Completions and over the Responses API."""

import json

import openai
from openai import OpenAI

from replay import told


def sdk(replayed, capture):
    return OpenAI(base_url=f"{replayed}/{capture}/v1", api_key="any", max_retries=0, timeout=10)


def test_chat_completions(replayed, capture):
    heard = {"text": "", "reasoning": "", "calls": [], "usage": None, "failed": False}
    calls = {}
    expected = told(capture, "context_window_exceeded")
    try:
        for chunk in sdk(replayed, capture).chat.completions.create(model="auto", messages=[], stream=True):
            if chunk.usage and expected["usage"]:
                heard["usage"] = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            for delta in (choice.delta for choice in chunk.choices):
                heard["text"] += delta.content or ""
                heard["reasoning"] += getattr(delta, "reasoning_content", None) or ""
                for piece in delta.tool_calls or []:
                    call = calls.setdefault(piece.index, ["", "", ""])
                    for at, more in enumerate((piece.id, piece.function.name, piece.function.arguments)):
                        call[at] += more or ""
    except openai.APIError:
        heard["failed"] = True
    heard["calls"] = [(call_id, name, json.loads(arguments)) for call_id, name, arguments in calls.values()]
    assert heard == expected


def test_responses(replayed, capture):
    heard = {"text": "", "reasoning": "", "calls": [], "usage": None}
    expected = told(capture)
    with sdk(replayed, capture).responses.stream(model="auto", input="x") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                heard["text"] += event.delta
            elif event.type == "response.reasoning_summary_text.delta":
                heard["reasoning"] += event.delta
            elif event.type == "response.output_item.done" and event.item.type == "function_call":
                heard["calls"].append((event.item.call_id, event.item.name, json.loads(event.item.arguments)))
    assert event.type in ("response.completed", "response.incomplete", "response.failed")
    response = event.response
    if response.usage and expected["usage"]:
        heard["usage"] = (response.usage.input_tokens, response.usage.output_tokens)
    assert heard | {"failed": response.status == "failed"} == expected
    if response.status != "failed":
        assert response.output_text == expected["text"]
