"""A server that answers any request with a recorded stream: a capture of the upstream's as a dialect writes it.

    POST /CAPTURE/…/chat/completions, /CAPTURE/…/responses, /CAPTURE/…/messages, /CAPTURE/…:streamGenerateContent

gets `tests/fixtures/DIALECT/captures/CAPTURE.txt`, which the Rust tests hold against what the gateway sends. What it
tells is in `tests/fixtures/captures/CAPTURE.json`. It must not know what a client makes of it.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CAPTURES = sorted(file.stem for file in (FIXTURES / "captures").glob("*.json"))
assert len(CAPTURES) >= 29, CAPTURES
ENDINGS = {
    "/chat/completions": "openai_chat",
    "/responses": "openai_responses",
    "/messages": "anthropic",
    ":streamGenerateContent": "gemini",
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        path = self.path.partition("?")[0]
        (dialect,) = [dialect for ending, dialect in ENDINGS.items() if path.endswith(ending)]
        body = (FIXTURES / dialect / "captures" / f"{path.split('/')[1]}.txt").read_bytes()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    """Starts a server on a free port; gives its address and how to end it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}", server.shutdown


def told(capture, *fine):
    """What a client must have understood of a capture; `fine` are the finish reasons that are no failure to it."""
    truth = json.loads((FIXTURES / "captures" / f"{capture}.json").read_text())
    failed = not truth["complete"] or truth["finish_reason"] not in ("done", "max_token_limit", *fine)
    usage = truth["usage"] and (truth["usage"]["input_tokens"], truth["usage"]["output_tokens"])
    calls = [(one["id"], one["name"], one["arguments"]) for one in truth["tool_calls"]]
    text = Words(truth["text"]) if "rollback_transaction" in truth["actions"] else truth["text"]
    return {"text": text, "reasoning": truth["reasoning"], "calls": calls, "usage": usage, "failed": failed}


class Words(str):
    """The words that are left when the upstream takes others back; a stream's reader has heard those before them."""

    __hash__ = str.__hash__

    def __eq__(self, heard):
        return isinstance(heard, str) and heard.endswith(str(self)) and len(heard) > len(self)
