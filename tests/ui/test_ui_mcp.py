"""MCP clients see the same read-only tools as other programs, over a real connection to the real server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

QUESTION = "为什么 dropout 能防止过拟合？"


def call(url: str, *wanted: tuple[str, dict[str, Any]]) -> tuple[dict[str, Any], list[Any]]:
    """The tools by name, and what each call returned."""
    mcp = pytest.importorskip("mcp")
    http = pytest.importorskip("mcp.client.streamable_http")

    async def talk() -> tuple[dict[str, Any], list[Any]]:
        async with http.streamablehttp_client(f"{url}/gradio_api/mcp/") as (reading, writing, _), mcp.ClientSession(reading, writing) as session:
            await session.initialize()
            tools = {tool.name.rsplit("_", 1)[-1]: tool for tool in (await session.list_tools()).tools}
            results = [await session.call_tool(tools[name].name, arguments) for name, arguments in wanted]
            return tools, [json.loads(r.content[0].text) if not r.isError else r.content[0].text for r in results]

    return asyncio.run(talk())


def test_tools_and_what_they_say(served: Any) -> None:
    client = pytest.importorskip("gradio_client").Client(served.url, verbose=False)
    tools, (answer, hits, documents) = call(served.url, ("ask", {"question": QUESTION}), ("search", {"query": "梯度消失", "top": 3}), ("documents", {}))
    assert set(tools) == {"ask", "search", "grade", "documents"}
    assert "question" in tools["ask"].inputSchema["properties"]
    assert "cited" in tools["ask"].description
    assert answer == client.predict(QUESTION, api_name="/ask")
    assert hits == client.predict("梯度消失", 3, api_name="/search")
    assert documents == client.predict(api_name="/documents")
