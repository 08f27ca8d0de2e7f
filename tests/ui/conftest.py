"""A real server over the seeds, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 90_000
OPENING_SECONDS = 600


@dataclass
class Served:
    """A running server and what was seen of it before it was ready."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    first_answer_seconds: float = 0.0
    first_health: dict[str, Any] = field(default_factory=dict)
    banner: str = ""
    answered_after_loading: bool = False


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def health(url: str, timeout: float = 60.0) -> dict[str, Any]:
    """What /healthz says."""
    with urllib.request.urlopen(f"{url}/healthz", timeout=timeout) as reply:
        found: dict[str, Any] = json.loads(reply.read())
        return found


def start(folder: Path, corpus: Path = ROOT / "corpus" / "seeds") -> Served:
    """``python app.py --mcp`` over the seeds, or another corpus, with an index of its own; returns as soon as the port takes callers."""
    port = free_port()
    environ = {
        **os.environ,
        "MIANJING_CORPUS": str(corpus),
        "MIANJING_INDEX": str(folder / "index"),
        "MIANJING_DATA_DIR": str(folder / "data"),
        "MIANJING_UI__PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    log = folder / "server.log"
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "app.py", "--mcp"], cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
    served = Served(f"http://127.0.0.1:{port}", process, log)
    while True:
        try:
            served.first_health = health(served.url)
            break
        except OSError:
            if process.poll() is not None or time.monotonic() - begun > 120:
                process.kill()
                pytest.fail(f"the server did not answer:\n{log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.1)
    served.first_answer_seconds = time.monotonic() - begun
    return served


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; the test is skipped where there is none, and fails in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium or no playwright here, and CI must drive the page")
        pytest.skip("needs Chromium on the path and playwright")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def served(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server. The page is opened, and a question sent, while the index is still being built; what was seen is kept in the record."""
    server = start(tmp_path_factory.mktemp("served"))
    try:
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        page.goto(server.url, wait_until="commit")
        page.wait_for_selector("#question", timeout=PATIENCE_MS)
        if not health(server.url)["ready"]:
            server.banner = page.locator("#banner .banner").inner_text(timeout=PATIENCE_MS)
            page.fill("#question", "Why does dropout prevent overfitting?")
            page.keyboard.press("Enter")
            page.wait_for_selector("#chat .foot", timeout=OPENING_SECONDS * 1000)
            page.wait_for_selector("#banner .banner", state="detached", timeout=PATIENCE_MS)
            server.answered_after_loading = page.locator("#chat .cite").count() > 0
        context.close()
        begun = time.monotonic()
        while not health(server.url)["ready"]:
            assert server.process.poll() is None, server.log.read_text(encoding="utf-8")[-2000:]
            assert time.monotonic() - begun < OPENING_SECONDS
            time.sleep(0.5)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(30)


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Opens the page as a new browser would; fails when the page called another host or raised an error."""
    strangers: list[str] = []
    faults: list[str] = []
    contexts: list[Any] = []

    def watch(route: Any) -> None:
        url = route.request.url
        if url.startswith((served.url, "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(url)
            route.abort()

    def open_page(path: str = "/", **options: Any) -> Any:
        context = browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1360, "height": 850}, **options})
        contexts.append(context)
        context.route("**/*", watch)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url + path)
        page.wait_for_selector("#chat .welcome")
        page.wait_for_selector("#question")  # drawn a moment after; an example chosen in between has a test of its own
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not strangers
    assert not faults
