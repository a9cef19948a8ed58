"""Google's SDK for Python reads the stream of every capture."""

import json

from google import genai
from google.genai import errors, types

from replay import told


def test_stream_generate_content(replayed, capture):
    heard = {"text": "", "reasoning": "", "calls": [], "usage": None, "failed": False}
    expected = told(capture, "context_window_exceeded")
    options = types.HttpOptions(base_url=f"{replayed}/{capture}", timeout=10_000)
    client = genai.Client(api_key="any", http_options=options)
    try:
        for chunk in client.models.generate_content_stream(model="auto", contents="x"):
            for part in chunk.candidates[0].content.parts or []:
                heard["reasoning" if part.thought else "text"] += part.text or ""
                if call := part.function_call:
                    heard["calls"].append((call.id, call.name, call.args))
            if chunk.usage_metadata and expected["usage"]:
                heard["usage"] = (chunk.usage_metadata.prompt_token_count, chunk.usage_metadata.candidates_token_count)
    except (errors.APIError, json.JSONDecodeError):
        # The SDK has no words of its own for an error in a stream.
        heard["failed"] = True
    assert heard == expected
