"""A running page, for scripts that look at it in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}


def chromium() -> str:
    """The path of a browser."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("needs chromium on the path")
    return program


@contextmanager
def served(command: Sequence[str], port: int, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a page that a Python command serves at a port, once it answers, and once its tutor is there where it has one."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, **OFFLINE, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise SystemExit(f"no page at {url}")
            time.sleep(0.3)
        yield url
    finally:
        process.terminate()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as reply:
            return bool(json.loads(reply.read())["ready"])
    except urllib.error.HTTPError as error:
        return error.code == 404  # a page of another kind
    except OSError:
        return False
