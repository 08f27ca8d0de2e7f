"""The endpoint over a real loopback server: what arrives, what is sent, and the true reason of every failure, never with the key."""

from __future__ import annotations

import logging
import sys
import time
import traceback

import pytest
from chat_server import KEY, MODEL, ChatServer, Reply, event, refuses, says
from pydantic import SecretStr

from rag.config import LlmSettings
from rag.errors import EndpointError, EndpointRefused, EndpointUnavailable, MissingPackage
from rag.llm import Endpoint

ASK = [{"role": "user", "content": "什么是 dropout？"}]


def failure(reply: Reply, **settings: object) -> EndpointError:
    """What a reply makes of a request."""
    with ChatServer(reply) as server, pytest.raises(EndpointError) as caught:
        list(Endpoint(server.settings(**settings)).stream(ASK, 50))
    assert "\n" not in str(caught.value)
    return caught.value


def test_streams_the_pieces_as_they_are_sent() -> None:
    with ChatServer(says("随机", "丢弃", "神经元。")) as server:
        assert list(Endpoint(server.settings()).stream(ASK, 77)) == ["随机", "丢弃", "神经元。"]
        (request,) = server.received
        assert (request.path, request.body["stream"], request.body["max_tokens"], request.body["model"]) == ("/v1/chat/completions", True, 77, MODEL)
        assert request.body["messages"] == ASK
        assert request.headers["authorization"] == f"Bearer {KEY}"


def test_complete_joins_the_pieces() -> None:
    with ChatServer(says(" a", "b \n")) as server:
        assert Endpoint(server.settings(max_tokens=33)).complete(ASK) == "ab"
        assert server.received[0].body["max_tokens"] == 33


def test_closing_the_iterator_ends_the_request() -> None:
    with ChatServer(Reply(["one"], pause=30)) as server:
        pieces = Endpoint(server.settings()).stream(ASK)
        assert next(pieces) == "one"
        pieces.close()


def test_a_lone_surrogate_can_be_sent() -> None:
    with ChatServer(says("ok")) as server:
        assert Endpoint(server.settings()).complete([{"role": "user", "content": "a\ud800b"}]) == "ok"
        assert server.received[0].body["messages"][0]["content"] == "a?b"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
def test_a_refusal_says_what_the_server_said(status: int) -> None:
    error = failure(refuses(status, "no such thing"))
    assert isinstance(error, EndpointRefused)
    assert str(status) in str(error)
    assert "no such thing" in str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_passing_trouble_is_told_apart_and_never_tried_twice(status: int) -> None:
    with ChatServer(refuses(status, "too busy")) as server, pytest.raises(EndpointUnavailable, match="too busy"):
        list(Endpoint(server.settings()).stream(ASK))
    assert len(server.received) == 1


@pytest.mark.parametrize(("status", "hint"), [(401, "llm.api_key"), (404, "llm.base_url"), (404, MODEL), (429, "quota")])
def test_the_message_names_the_next_step(status: int, hint: str) -> None:
    assert hint in str(failure(refuses(status, "no")))


def test_a_redirect_is_not_followed() -> None:
    with ChatServer(says("elsewhere")) as other:
        error = failure(Reply(status=307, body="", headers={"location": f"{other.url}/chat/completions"}))
        assert isinstance(error, EndpointRefused)
        assert other.received == []


def test_silence_is_a_timeout() -> None:
    started = time.monotonic()
    error = failure(Reply(["late"], hold=30), timeout=0.3)
    assert isinstance(error, EndpointUnavailable)
    assert "0.3 seconds" in str(error)
    assert time.monotonic() - started < 5


def test_a_stream_kept_alive_with_nothing_in_it_ends_too() -> None:
    started = time.monotonic()
    error = failure(Reply(["one"], pause=30), timeout=0.3)
    assert isinstance(error, EndpointUnavailable)
    assert time.monotonic() - started < 10


def test_nobody_listening() -> None:
    with ChatServer(says("x")) as server:
        settings = server.settings()
    with pytest.raises(EndpointUnavailable, match=r"refused.*is the server running"):
        Endpoint(settings).complete(ASK)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(["half an ans"], finish=None), "cut off"),
        (Reply(["half an ans"], drop=True), "broke"),
        (Reply(["bad words"], finish="content_filter"), "content filter"),
        (Reply([]), "empty reply"),
        (Reply([], finish="length"), "raise llm.max_tokens"),
        (Reply(raw=["{not json"]), "no chat reply"),
        (Reply(raw=['{"hello": 1}', "[DONE]"]), "cut off"),
        (Reply(raw=["42", '{"choices": "x"}', '{"choices": [7]}', '{"choices": null}', "[DONE]"]), "cut off"),
        (Reply(raw=[event("a"), '{"error": {"message": "out of memory"}}']), "out of memory"),
        (Reply(body="<html><title>Sign in</title><body>hello</body></html>", kind="text/html"), "a web page (Sign in)"),
        (Reply(body='{"choices": []}'), "JSON instead of a stream"),
        (Reply(body="", kind="text/plain"), "cut off"),
    ],
)
def test_what_is_no_whole_reply_is_unavailable(reply: Reply, reason: str) -> None:
    error = failure(reply)
    assert isinstance(error, EndpointUnavailable)
    assert reason in str(error)


def test_pieces_before_a_cut_are_delivered() -> None:
    with ChatServer(says("first", finish=None)) as server:
        pieces = Endpoint(server.settings()).stream(ASK)
        assert next(pieces) == "first"
        with pytest.raises(EndpointUnavailable):
            next(pieces)


def test_options_a_model_does_not_know_are_left_out() -> None:
    def strict(body: object) -> Reply:
        assert isinstance(body, dict)
        if "max_tokens" in body:
            return refuses(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        if "temperature" in body:
            return refuses(400, "Unsupported value: 'temperature' does not support 0.0.")
        return says("fine")

    with ChatServer(strict) as server:
        assert Endpoint(server.settings()).complete(ASK, 40) == "fine"
        assert server.received[-1].body["max_completion_tokens"] == 40


@pytest.mark.parametrize(
    "echo",
    [
        f"Incorrect API key provided: {KEY}. Find it on your page.",
        "Incorrect API key provided: sk-mianj****************cdef.",
        f"header was Authorization: Bearer {KEY}\nsecond line",
    ],
)
def test_the_key_is_in_no_message_log_or_representation(echo: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ChatServer(refuses(401, echo)) as server:
        endpoint = Endpoint(server.settings())
        with pytest.raises(EndpointRefused) as caught:
            endpoint.test()
        assert server.received[0].headers["authorization"].endswith(KEY)
    told = [str(caught.value), repr(caught.value), repr(endpoint), "".join(traceback.format_exception(caught.value)), caplog.text]
    for text in told:
        assert KEY not in text
        assert "sk-mianj" not in text
        assert "cdef" not in text


def test_nothing_of_another_service_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer custom-secret\nX-Extra: extra-secret")
    with ChatServer(says("ok")) as server:
        Endpoint(server.settings()).complete(ASK)
        Endpoint(server.settings(api_key=None)).complete(ASK)
    with_key, without = (r.headers for r in server.received)
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in {n.lower() for n in without}
    assert not any("secret" in v or "another" in v for headers in (with_key, without) for v in headers.values())


def test_the_connection_test_speaks_like_a_person() -> None:
    with ChatServer(says("ok")) as server:
        endpoint = Endpoint(server.settings())
        assert endpoint.test().startswith(f"Connected to {server.url}; the model {MODEL} replied in ")
        assert endpoint.test("zh").startswith(f"已连接 {server.url}，模型 {MODEL} 用 ")


def test_the_connection_test_accepts_a_model_that_only_thought() -> None:
    with ChatServer(says(finish="length")) as server:
        assert "replied" in Endpoint(server.settings()).test()


def test_the_connection_test_names_the_models_on_offer() -> None:
    with (
        ChatServer(refuses(404, "model not found"), models=["qwen", "llama"]) as server,
        pytest.raises(EndpointRefused, match="models offered there: llama, qwen"),
    ):
        Endpoint(server.settings()).test()


@pytest.mark.parametrize("url", ["localhost:8080/v1", "ftp://a/v1", "http://", "http://a b/v1", "http://[::1/v1", "http://a:99999/v1", "/v1"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(EndpointRefused, match="no web address"):
        Endpoint(LlmSettings(base_url=url, model="m"))


@pytest.mark.parametrize("settings", [LlmSettings(), LlmSettings(base_url="http://a/v1"), LlmSettings(model="m")])
def test_without_a_model_the_settings_are_named(settings: LlmSettings) -> None:
    with pytest.raises(EndpointRefused, match="MIANJING_LLM__BASE_URL"):
        Endpoint(settings)


@pytest.mark.parametrize("key", ["密钥", "two words", "line\nbreak"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    with pytest.raises(EndpointRefused, match="cannot be sent") as caught:
        Endpoint(LlmSettings(base_url="http://a/v1", model="m", api_key=SecretStr(key)))
    assert key not in str(caught.value)


def test_a_password_in_the_address_is_not_shown() -> None:
    endpoint = Endpoint(LlmSettings(base_url="http://me:hush@127.0.0.1:9/v1?token=hush", model="m", timeout=2))
    assert endpoint.url == "http://127.0.0.1:9/v1"
    with pytest.raises(EndpointUnavailable) as caught:
        endpoint.complete(ASK)
    assert "hush" not in repr(endpoint) + str(caught.value)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingPackage, match=r'pip install "openai>=3.0,<4"'):
        Endpoint(LlmSettings(base_url="http://127.0.0.1:9/v1", model="m")).complete(ASK)
