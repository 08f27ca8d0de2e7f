"""A chat endpoint on the loopback interface that speaks the real wire, faults included, for the tests of the optional model."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from rag.config import LlmSettings

KEY = "sk-mianjing-test-0123456789abcdef"
MODEL = "tiny-chat"


@dataclass(frozen=True)
class Reply:
    """What the server answers.

    Attributes:
        pieces: the streamed text, one event each.
        finish: the reason of the last event; None cuts the stream before it.
        raw: event lines sent in place of the pieces.
        status, body, kind, headers: an answer that is no stream, where ``body`` is given.
        hold: seconds of silence before the first byte (ends early when the server stops).
        drop: whether the connection breaks in the middle of a chunk after the pieces.
        pause: seconds of keep-alive comments after the pieces, one every tenth of a second.
    """

    pieces: Sequence[str] = ()
    finish: str | None = "stop"
    raw: Sequence[str] | None = None
    status: int = 200
    body: str | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: float = 0.0
    drop: bool = False
    pause: float = 0.0


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


Script = Callable[[Mapping[str, Any]], Reply]


def says(*pieces: str, finish: str | None = "stop") -> Reply:
    """A reply that streams these pieces."""
    return Reply(pieces, finish)


def refuses(status: int, message: str) -> Reply:
    """An error in the form of the OpenAI service."""
    return Reply(status=status, body=json.dumps({"error": {"message": message, "type": "error", "code": None}}))


def event(text: str | None = None, finish: str | None = None) -> str:
    """One chunk of a chat completion."""
    delta = {} if text is None else {"role": "assistant", "content": text}
    return json.dumps(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    )


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ChatServer:
    """Serves while its ``with`` block lasts. ``script`` decides each chat reply; ``models`` are what it lists."""

    def __init__(self, script: Script | Reply, models: Sequence[str] = (MODEL,)) -> None:
        self.script: Script = (lambda body: script) if isinstance(script, Reply) else script
        self.models = list(models)
        self.received: list[Received] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def settings(self, **changes: Any) -> LlmSettings:
        """Settings that lead to this server."""
        return LlmSettings.model_validate({"base_url": self.url, "model": MODEL, "api_key": KEY, "timeout": 5, **changes})

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

        def do_GET(self) -> None:
            server.received.append(Received("GET", self.path, dict(self.headers), {}))
            listed = {"object": "list", "data": [{"id": m, "object": "model", "created": 1, "owned_by": "test"} for m in server.models]}
            self._whole(200, json.dumps(listed), "application/json", {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
            server.received.append(Received("POST", self.path, dict(self.headers), body))
            reply = server.script(body)
            if reply.hold:
                server.stopping.wait(reply.hold)
            try:
                if reply.body is not None:
                    self._whole(reply.status, reply.body, reply.kind, reply.headers)
                else:
                    self._stream(reply)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _whole(self, status: int, body: str, kind: str, headers: Mapping[str, str]) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            events = list(reply.raw) if reply.raw is not None else [event(p) for p in reply.pieces]
            for one in events:
                self._chunk(f"data: {one}\n\n")
            waited = 0.0
            while waited < reply.pause and not server.stopping.wait(0.1):
                self._chunk(": still here\n\n")
                waited += 0.1
            if reply.drop:
                self.wfile.write(b"ffff\r\ndata: {")
                self.wfile.flush()
                self.close_connection = True
                return
            if reply.raw is None and reply.finish is not None:
                self._chunk(f"data: {event(None, reply.finish)}\n\n")
                self._chunk("data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")

        def _chunk(self, text: str) -> None:
            data = text.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler
