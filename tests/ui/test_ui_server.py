"""The server without a browser: headers, health, endpoints."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_every_response_forbids_other_hosts(served: Any) -> None:
    for path in ("/", "/healthz", "/static/mianjing/style.css", "/config"):
        with urllib.request.urlopen(served.url + path, timeout=60) as reply:
            policy = reply.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "https:" not in policy
    assert "mianjing/style.css" in urllib.request.urlopen(served.url + "/", timeout=60).read().decode()


def test_sources_and_code_are_not_served(served: Any) -> None:
    for path in (
        "/gradio_api/file=app.py",
        "/gradio_api/file=corpus/seeds/000_38723a277ead3d34.txt",
        "/static/mianjing/../server.py",
        "/gradio_api/file=/etc/passwd",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(served.url + path, timeout=60)
        assert refused.value.code in {403, 404}


def test_only_the_named_endpoints_are_public(served: Any) -> None:
    client = pytest.importorskip("gradio_client").Client(served.url, verbose=False)
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == {"/ask", "/search", "/grade", "/documents"}


def test_endpoints_say_what_the_command_line_says(served: Any) -> None:
    client = pytest.importorskip("gradio_client").Client(served.url, verbose=False)
    answer = client.predict("为什么 dropout 能防止过拟合？", api_name="/ask")
    assert set(answer) == {"abstained", "confidence", "answer", "standalone_question", "sentences"}
    assert any(s["citations"] for s in answer["sentences"])
    hits = client.predict("梯度消失", 3, api_name="/search")
    assert [set(h) for h in hits] == [{"doc", "start", "end", "text", "score", "heading_path"}] * 3
    documents = client.predict(api_name="/documents")
    assert len(documents) == 5
    assert all(d["passages"] > 0 for d in documents)
