"""Anthropic's SDK for Python reads the stream of every capture."""

import anthropic
from anthropic import Anthropic

from replay import told


def test_messages(replayed, capture):
    heard = {"text": "", "reasoning": "", "calls": [], "usage": None, "failed": False}
    expected = told(capture, "context_window_exceeded")
    sdk = Anthropic(base_url=f"{replayed}/{capture}", api_key="any", max_retries=0, timeout=10)
    question = [{"role": "user", "content": "x"}]
    try:
        with sdk.messages.stream(model="auto", max_tokens=100, messages=question) as stream:
            for event in stream:
                if event.type == "text":
                    heard["text"] += event.text
                elif event.type == "thinking":
                    heard["reasoning"] += event.thinking
            final = stream.get_final_message()
    except anthropic.APIStatusError:
        heard["failed"] = True
    else:
        heard["calls"] = [(block.id, block.name, block.input) for block in final.content if block.type == "tool_use"]
        assert "".join(block.text for block in final.content if block.type == "text") == expected["text"]
        if expected["usage"]:
            heard["usage"] = (final.usage.input_tokens, final.usage.output_tokens)
    assert heard == expected
