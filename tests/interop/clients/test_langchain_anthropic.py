"""LangChain's chat model for Anthropic."""

from importlib.metadata import version

import anthropic
import pytest
from langchain_anthropic import ChatAnthropic

from langchain_abilities import *  # noqa: F403
from langchain_abilities import gathered
from steps import WORDS, answer, text

CLIENT = "LangChain, langchain-anthropic"
VERSION = version("langchain-anthropic")


@pytest.fixture
def model():
    def make(gateway, **options):
        settings = {"model": "auto", "api_key": "any", "max_retries": 0, "timeout": 30, "max_tokens": 4096}
        return ChatAnthropic(base_url=gateway.root, **(settings | options))

    return make


@pytest.fixture
def refusals():
    return anthropic


@pytest.mark.shows("reasoning")
@pytest.mark.parametrize("stream", [False, True])
def test_thinking_for_those_who_ask_for_it(playing, model, stream):
    gateway = playing(answer({"reasoning": "Hm."}, text(list(WORDS))))
    thinking = model(gateway, thinking={"type": "enabled", "budget_tokens": 2048})
    said = gathered(thinking.stream("Hello")) if stream else thinking.invoke("Hello")
    assert said.text == WORDS
    assert [block["reasoning"] for block in said.content_blocks if block["type"] == "reasoning"] == ["Hm."]
