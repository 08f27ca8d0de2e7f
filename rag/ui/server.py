"""The server: the port answers at once, the tutor opens behind it."""

from __future__ import annotations

import logging
import os
import socket
from asyncio import CancelledError
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.config import Settings
from rag.errors import ConfigError
from rag.ui.opening import Opening

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
HEAD = (
    '<meta charset="utf-8" /><title>面经 mianjing</title><meta name="color-scheme" content="light dark">'
    + "".join(f'<link rel="stylesheet" href="static/mianjing/{name}.css">' for name in ("style", "interview", "corpus"))
    + "".join(f'<script src="static/mianjing/{name}.js"></script>' for name in ("page", "interview", "corpus"))
)
HEAD_AT = '<meta charset="utf-8" />'
"""Where the head goes. Gradio adds a head of its own only once its code runs, too late for the first paint."""


class Frame:
    """Adds our head to the page, and to every response the headers that keep it from fetching or running anything of another host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and amend its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        home = scope["path"] == "/"
        if home:  # the page must come uncompressed to be amended
            scope = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]}
        begin: MutableMapping[str, Any] = {}
        body = bytearray()

        async def amended(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *((k.encode(), v.encode()) for k, v in HEADERS.items())]
                if home and any(k == b"content-type" and v.startswith(b"text/html") for k, v in message["headers"]):
                    begin.update(message)
                    return
            elif begin and message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                message["body"] = bytes(body).replace(HEAD_AT.encode(), HEAD.encode(), 1)
                kept = [(k, v) for k, v in begin["headers"] if k != b"content-length"]
                await send({**begin, "headers": [*kept, (b"content-length", str(len(message["body"])).encode())]})
            await send(message)

        await self._app(scope, receive, amended)


def create_app(settings: Settings, *, mcp: bool = False) -> FastAPI:
    """The page as an ASGI application; the tutor begins to open when the application starts.

    With ``mcp`` the named endpoints, which only read, are also tools for MCP clients, at ``/mcp``.

    Raises:
        MissingPackage: ``mcp`` is wanted and its package is not installed, or not in a version that works.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from fastapi.staticfiles import StaticFiles

    from rag.ui.page import build_page
    from rag.ui.strings import LANGUAGES, STRINGS
    from rag.ui.theme import theme
    from rag.ui.tools import mcp_app

    opening = Opening(settings)
    tools = mcp_app(opening) if mcp else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening.start()
        async with tools.router.lifespan_context(tools) if tools else nullcontext():
            yield

    api = FastAPI(title="mianjing", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @api.get("/healthz")
    def healthz() -> dict[str, Any]:
        stage = opening.stage
        return {"ready": opening.tutor is not None, "stage": stage.name, "done": stage.done, "total": stage.total}

    if tools:
        api.router.routes.extend(tools.routes)
    api.mount("/static/mianjing", StaticFiles(directory=STATIC), name="mianjing")
    i18n = gr.I18n(**{language: {key: texts[language] for key, texts in STRINGS.items() if key.startswith("tab_")} for language in LANGUAGES})
    page = build_page(opening, i18n)
    page.queue(max_size=64, default_concurrency_limit=2)
    gr.mount_gradio_app(
        api,
        page,
        path="/",
        i18n=i18n,
        theme=theme(),
        favicon_path=str(STATIC / "favicon.png"),
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        max_file_size="20mb",
        show_error=False,
    )
    api.add_middleware(Frame)
    return api


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Callers wait in its queue until the page answers.

    Raises:
        ConfigError: the port cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port} ({error.strerror or error}); choose another port with --port") from error
    return listening


def serve(settings: Settings, *, mcp: bool = False) -> None:
    """Serve the page, and with ``mcp`` its tools for MCP clients, until it is stopped.

    Raises:
        ConfigError: the port cannot be had.
        MissingPackage: as :func:`create_app`.
    """
    listening = bind(settings.ui.host, settings.ui.port)
    import uvicorn

    # An open page holds a connection for as long as it is shown; without a limit it would keep the program from stopping.
    config = uvicorn.Config(create_app(settings, mcp=mcp), log_level="info", access_log=False, timeout_graceful_shutdown=3)
    host, port = listening.getsockname()[:2]
    log = logging.getLogger("uvicorn.error")
    log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], CancelledError)))
    log.info("mianjing is at http://%s:%s", f"[{host}]" if ":" in host else host, port)
    uvicorn.Server(config).run(sockets=[listening])
