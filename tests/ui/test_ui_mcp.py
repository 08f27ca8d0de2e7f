"""MCP clients see the same read-only tools as other programs, over a real connection to the real server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

QUESTION = "为什么 dropout 能防止过拟合？"
GRADED = {"question": "什么是 dropout？", "answer": "训练时随机丢弃神经元。", "key_points": [{"id": "a", "text": "训练时随机丢弃神经元", "weight": 1}]}


def said(result: Any) -> Any:
    """The rows of a result, which its texts hold as JSON too; of a refused call its text."""
    texts = [part.text for part in result.content]
    if result.isError:
        return "".join(texts)
    found = result.structuredContent.get("result", result.structuredContent)
    assert [json.loads(text) for text in texts] == (found if isinstance(found, list) else [found])
    return found


def call(url: str, *wanted: tuple[str, dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    """The tools by name, and what each call returned; of a refused call its text."""
    mcp = pytest.importorskip("mcp")
    http = pytest.importorskip("mcp.client.streamable_http")

    async def talk() -> tuple[dict[str, Any], list[Any]]:
        async with http.streamable_http_client(f"{url}/mcp") as (reading, writing, _), mcp.ClientSession(reading, writing) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            results = [await session.call_tool(name, arguments) for name, arguments in wanted]
            return tools, [said(r) for r in results]

    with ThreadPoolExecutor(1) as apart:  # the browser of the tests has its own event loop in this thread
        return apart.submit(asyncio.run, talk()).result()


def test_tools_and_what_they_say(served: Any) -> None:
    client = pytest.importorskip("gradio_client").Client(served.url, verbose=False)
    tools, (answer, hits, documents, grade) = call(
        served.url, ("ask", {"question": QUESTION}), ("search", {"query": "梯度消失", "top": 3}), ("documents", {}), ("grade", GRADED)
    )
    assert set(tools) == {"ask", "search", "grade", "documents"}
    assert all(tool.annotations.readOnlyHint for tool in tools.values())
    assert list(tools["ask"].inputSchema["properties"]) == ["question", "history"]
    assert tools["ask"].inputSchema["required"] == ["question"]
    assert "cited" in tools["ask"].description
    assert "Chinese or English" in tools["ask"].inputSchema["properties"]["question"]["description"]
    assert answer == client.predict(QUESTION, api_name="/ask")
    assert hits == client.predict("梯度消失", 3, api_name="/search")
    assert documents == client.predict(api_name="/documents")
    assert grade == client.predict(*GRADED.values(), api_name="/grade")


def test_a_refused_call_says_why_and_the_next_one_works(served: Any) -> None:
    _, (refused, hits) = call(served.url, ("search", {"query": "梯度", "top": 500}), ("search", {"query": "梯度", "top": 1}))
    assert "top: must be a whole number from 1 to 200, got 500" in refused
    assert len(hits) == 1


def test_a_page_of_another_site_reaches_no_tool(served: Any) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    with urllib.request.urlopen(urllib.request.Request(f"{served.url}/mcp", body, headers), timeout=60) as reply:
        assert len(json.loads(reply.read())["result"]["tools"]) == 4
    for stranger in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"{served.url}/mcp", body, headers | stranger), timeout=60)
        assert refused.value.code in {403, 421}


def test_without_the_package_one_line_says_what_to_install(tmp_path: Path) -> None:
    other = tmp_path / "other" / "mcp"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("", encoding="utf-8")
    root = Path(__file__).parents[2]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(other.parent), str(root)]), "MIANJING_DATA_DIR": str(tmp_path), "MIANJING_INDEX": str(tmp_path)}
    command = [sys.executable, "-m", "rag.cli", "serve", "--mcp", "--port", "0"]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "mianjing: MCP clients need the package mcp in version 1; run: pip install 'mianjing[mcp]'"
    assert "Traceback" not in done.stderr
