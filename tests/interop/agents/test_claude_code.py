"""Claude Code before the gateway: real tasks, headless, each in a home and a working directory of its own.

    tests/interop/run claude-code

installs Claude Code below target/interop and runs this. The upstream is the embedded one, which plays what a model would
do.
"""

import json

import pytest

from headless import Task, picture, program, version
from steps import answer, call, text

CLIENT = "Claude Code"
VERSION = version("claude-code", "@anthropic-ai/claude-code")
CLAUDE = program("claude-code", "claude")
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def begin(gateway, folder, prompt, *flags, **environment):
    """A headless run that has just begun."""
    usual = {
        "HOME": str(folder),
        "ANTHROPIC_BASE_URL": gateway.root,
        "ANTHROPIC_API_KEY": "any",
        "ANTHROPIC_MODEL": "auto",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "auto",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = [CLAUDE, "--print", "--output-format", "stream-json", "--verbose", *flags]
    return Task(command, folder, usual | environment, prompt)


def claude(gateway, folder, prompt, *flags, **environment):
    """The exit code of a headless run, and what it printed."""
    task = begin(gateway, folder, prompt, *flags, **environment)
    code = task.end()
    assert task.events, task.everything
    return code, task.events


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.txt").write_text("The word is okapi-77.\n")
    (tmp_path / "red.png").write_bytes(picture())
    return tmp_path


def blocks(lines, role):
    return [block for line in lines if line["type"] == role for block in line["message"]["content"]]


def results_of(*ids, **content):
    """What the upstream must be told after calls with these ids."""
    inputs = [{"tool_call_result": {"tool_call_id": call_id, **content}} for call_id in ids]
    return {"expect": {"input": {"user_inputs": {"inputs": inputs}}}}


def deltas(lines):
    """The pieces of text in the order in which they came."""
    events = [line["event"] for line in lines if line["type"] == "stream_event"]
    return [event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text_delta"]


def turns(gateway):
    """The lines that the gateway's log has of turns."""
    return [line for line in gateway.said if 'dialect="anthropic"' in line]


@pytest.mark.shows("text", "one tool", "reasoning")
def test_it_reads_a_file_and_answers(playing, folder):
    read = call("Read", "toolu_1", file_path=str(folder / "secret.txt"))
    first = answer({"reasoning": "It is in the file."}, text("I shall read it."), read)
    gateway = playing(first, answer(text("It is okapi.")) | results_of("toolu_1"))
    code, lines = claude(gateway, folder, "Which word is in secret.txt?", "--allowedTools", "Read")
    said = blocks(lines, "assistant")
    assert [block["type"] for block in said] == ["thinking", "text", "tool_use", "text"]
    assert said[0]["thinking"] == "It is in the file."
    (result,) = [block for block in blocks(lines, "user") if block["type"] == "tool_result"]
    assert "okapi-77" in result["content"] and not result.get("is_error")
    last = lines[-1]
    assert (code, last["subtype"], last["is_error"], last["num_turns"]) == (0, "success", False, 2)
    assert last["result"] == "It is okapi."
    usages = [line["message"]["usage"] for line in lines if line["type"] == "assistant"]
    assert all(usage["input_tokens"] > 1000 for usage in usages), "the input is known from the start"


@pytest.mark.shows("stream")
def test_words_are_shown_as_they_come(playing, folder):
    code, lines = claude(playing(answer(text("One two three."))), folder, "Count", "--include-partial-messages")
    assert (code, deltas(lines)) == (0, ["One ", "two ", "three."])


@pytest.mark.shows("parallel tools")
def test_parallel_calls_in_one_answer(playing, folder):
    read = call("Read", "toolu_1", file_path=str(folder / "secret.txt"))
    again = call("Read", "toolu_2", file_path=str(folder / "absent.txt"))
    listed = call("Bash", "toolu_3", command="ls", description="Lists the files")
    gateway = playing(answer(read, again, listed), answer(text("Done.")) | results_of("toolu_1", "toolu_2", "toolu_3"))
    code, lines = claude(gateway, folder, "Look around.", "--allowedTools", "Read,Bash")
    results = {block["tool_use_id"]: block for block in blocks(lines, "user") if block["type"] == "tool_result"}
    assert "okapi-77" in results["toolu_1"]["content"]
    assert results["toolu_2"]["is_error"]
    assert "secret.txt" in results["toolu_3"]["content"]
    assert (code, lines[-1]["result"]) == (0, "Done.")


@pytest.mark.shows("image")
def test_a_picture_that_it_reads_reaches_the_upstream(playing, folder):
    read = call("Read", "toolu_1", file_path=str(folder / "red.png"))
    seen = {"success": {"results": [{"image": {"mime_type": "image/png", "data": "${any}"}}]}}
    gateway = playing(answer(read), answer(text("It is red.")) | results_of("toolu_1", call_mcp_tool=seen))
    code, lines = claude(gateway, folder, "Which colour has red.png?", "--allowedTools", "Read")
    assert (code, lines[-1]["result"]) == (0, "It is red."), lines[-1]


@pytest.mark.shows("structured output")
def test_an_answer_has_the_form_that_was_asked_for(playing, folder):
    gateway = playing(answer(call("StructuredOutput", "toolu_1", city="Oslo")), answer(text("Done.")))
    code, lines = claude(gateway, folder, "Which city?", "--json-schema", json.dumps(CITY))
    last = lines[-1]
    assert (code, last["structured_output"], json.loads(last["result"])) == (0, {"city": "Oslo"}, {"city": "Oslo"}), last


@pytest.mark.shows("error classes")
@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        ({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}}, "credit"),
        ({"steps": [{"finish": {"reason": "context_window_exceeded"}}]}, "prompt is too long"),
        ({"status": 403}, "403"),
        ({"steps": [text("half of"), {"delay_ms": 300}, "cut"]}, ""),
    ],
)
def test_a_failure_is_told_as_one(playing, folder, exchange, words):
    code, lines = claude(playing(exchange), folder, "Hello", CLAUDE_CODE_MAX_RETRIES="0")
    last = lines[-1]
    assert code == 1 and last["is_error"], last
    assert words in last["result"].lower(), last["result"]


@pytest.mark.shows("error classes")
def test_spent_credits_are_not_asked_for_again(playing, folder):
    gateway = playing({"status": 429, "headers": {"x-warp-error-code": "OUT_OF_CREDITS"}})
    code, lines = claude(gateway, folder, "Hello")
    assert (code, lines[-1]["api_error_status"]) == (1, 429), lines[-1]
    assert len(turns(gateway)) == 1, turns(gateway)


@pytest.mark.shows("error classes")
def test_a_wrong_key_is_told(playing, folder):
    gateway = playing(answer(text("Here I am.")), API_TOKEN="right-key")
    code, lines = claude(gateway, folder, "Hello", ANTHROPIC_API_KEY="wrong-key", CLAUDE_CODE_MAX_RETRIES="1")
    assert (code, lines[-1]["api_error_status"]) == (1, 401), lines[-1]
    code, lines = claude(gateway, folder, "Hello", ANTHROPIC_API_KEY="right-key")
    assert (code, lines[-1]["result"]) == (0, "Here I am.")


@pytest.mark.shows("error classes")
def test_an_unknown_model_is_told(playing, folder):
    code, lines = claude(playing(answer(text("No."))), folder, "Hello", ANTHROPIC_MODEL="no-such-model")
    assert (code, lines[-1]["api_error_status"]) == (1, 404), lines[-1]
    assert "no-such-model" in lines[-1]["result"], lines[-1]


@pytest.mark.shows("error classes")
def test_an_overloaded_model_is_asked_again(playing, folder):
    gateway = playing({"steps": [{"finish": {"reason": "llm_unavailable"}}]}, answer(text("Here I am.")))
    code, lines = claude(gateway, folder, "Hello", CLAUDE_CODE_MAX_RETRIES="2")
    assert (code, lines[-1]["result"]) == (0, "Here I am.")
    assert len(turns(gateway)) == 2, turns(gateway)


@pytest.mark.shows("cancel")
def test_an_interrupted_task_ends_the_upstream_too(playing, folder):
    gateway = playing(answer(text("Well, "), {"delay_ms": 60_000}, text("at last.")))
    task = begin(gateway, folder, "Take your time", "--include-partial-messages")
    task.awaits(lambda event: deltas([event]))
    task.interrupt()
    assert gateway.was_abandoned(), gateway.said


@pytest.mark.shows("long silence")
def test_a_long_silence_is_bridged(playing, folder):
    # Its patience before any address but Anthropic's own cannot be made shorter than five minutes. What this shows is
    # that it takes what bridges the silence.
    steps = answer(text("A while. "), {"delay_ms": 6000}, text("Late."))
    gateway = playing(steps, WARP2API_HEARTBEAT="300ms")
    code, lines = claude(gateway, folder, "Take your time", CLAUDE_CODE_MAX_RETRIES="0")
    assert (code, lines[-1]["result"]) == (0, "A while. Late."), lines[-1]
    assert len(turns(gateway)) == 1, turns(gateway)
