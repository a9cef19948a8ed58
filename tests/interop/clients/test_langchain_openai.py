"""LangChain's chat model for OpenAI, over Chat Completions; for reasoning over the Responses API."""

from importlib.metadata import version

import openai
import pytest
from langchain_openai import ChatOpenAI

from langchain_abilities import *  # noqa: F403
from langchain_abilities import gathered
from steps import WORDS, answer, text

CLIENT = "LangChain, langchain-openai"
VERSION = version("langchain-openai")


@pytest.fixture
def model():
    def make(gateway, **options):
        settings = {"model": "auto", "api_key": "any", "max_retries": 0, "timeout": 30, "stream_usage": True}
        return ChatOpenAI(base_url=gateway.base_url, **(settings | options))

    return make


@pytest.fixture
def refusals():
    return openai


@pytest.mark.shows("reasoning")
@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_over_the_responses_api(playing, model, stream):
    gateway = playing(answer({"reasoning": "Hm."}, text(list(WORDS))))
    thinking = model(gateway, use_responses_api=True, reasoning={"effort": "low", "summary": "auto"})
    said = gathered(thinking.stream("Hello")) if stream else thinking.invoke("Hello")
    assert said.text == WORDS
    assert [block["reasoning"] for block in said.content_blocks if block["type"] == "reasoning"] == ["Hm."]
