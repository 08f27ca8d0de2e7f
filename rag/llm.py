"""The optional language model: any OpenAI-compatible chat endpoint, through the ``openai`` client.

Nothing needs it. A failure is one of two errors whose message is the true reason in one line; nothing is tried twice, and the key is in no
message, log or representation. Only the configured key is sent, and only to the configured address: what the client would take from
``OPENAI_*`` variables is left out, and redirects are not followed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from rag.config import LlmSettings
from rag.errors import EndpointError, EndpointRefused, EndpointUnavailable, MissingPackage
from rag.records import Language

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

Messages = Sequence[Mapping[str, str]]

PATIENCE = 5.0
"""A whole reply may take this many times the timeout, which itself limits the wait for its next piece."""
MAX_BYTES = 16_000_000
MAX_REASON = 240
TEST_TOKENS = 16

_SENT_HEADERS = frozenset({"host", "accept", "connection", "content-type", "content-length", "user-agent"})
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MASKED_KEY = re.compile(r"\b[\w-]*\*{2,}[\w*-]*|\b(?:sk|key|gsk|hf|xai)[-_][\w-]{6,}")


class Endpoint:
    """A chat model behind an OpenAI-compatible address. Holds no connection between calls; safe to share between threads.

    Raises:
        EndpointRefused: the settings name no model, no usable address, or a key that cannot be sent.
    """

    def __init__(self, settings: LlmSettings) -> None:
        if not settings.base_url or not settings.model:
            raise EndpointRefused("no language model is configured; set MIANJING_LLM__BASE_URL and MIANJING_LLM__MODEL")
        self._settings = settings
        self._base_url = settings.base_url.strip()
        self.model = settings.model.strip()
        parts = _split_url(self._base_url)
        if parts is None:
            raise EndpointRefused(f"llm.base_url: {_bare_url(self._base_url)!r} is no web address; it looks like http://127.0.0.1:8080/v1")
        self._local = bool(_LOOPBACK.fullmatch(parts[0]))
        key = self._key
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise EndpointRefused("llm.api_key holds characters that cannot be sent; copy it again")

    def __repr__(self) -> str:
        return f"Endpoint(base_url={self.url!r}, model={self.model!r})"

    @property
    def url(self) -> str:
        """The address without user name, password or query."""
        return _bare_url(self._base_url)

    @property
    def _key(self) -> str:
        return self._settings.api_key.get_secret_value().strip() if self._settings.api_key is not None else ""

    def test(self, language: Language = "en") -> str:
        """Ask the model for one word; a sentence for a person that says it worked.

        Raises:
            EndpointRefused, EndpointUnavailable: the true reason; where model or address is wrong, the models that are offered.
            MissingPackage: the package ``openai`` is absent.
        """
        started = time.perf_counter()
        try:
            for _ in self._run([{"role": "user", "content": "Reply with the one word: ok"}], TEST_TOKENS, may_be_empty=True):
                pass
        except EndpointRefused as error:
            offered = self._offered()
            if not offered or self.model in offered:
                raise
            raise EndpointRefused(f"{error}; models offered there: {', '.join(offered[:8])}{' ...' if len(offered) > 8 else ''}") from None
        seconds = time.perf_counter() - started
        if language == "zh":
            return f"已连接 {self.url}，模型 {self.model} 用 {seconds:.1f} 秒作了回复。"
        return f"Connected to {self.url}; the model {self.model} replied in {seconds:.1f} s."

    def stream(self, messages: Messages, max_tokens: int | None = None) -> Generator[str, None, None]:
        """The reply in pieces as they arrive; none is empty. Closing the iterator ends the request.

        Args:
            messages: turns of ``{"role", "content"}``.
            max_tokens: the most tokens of the reply; unset: the setting.

        Raises:
            EndpointRefused: 400, 401, 402, 403, 404 and the like: it would be refused again.
            EndpointUnavailable: 429, 5xx, no connection, timeout, a stream cut before its end, a reply that is no chat reply.
            MissingPackage: the package ``openai`` is absent.
        """
        return self._run(messages, max_tokens or self._settings.max_tokens)

    def complete(self, messages: Messages, max_tokens: int | None = None) -> str:
        """The whole reply; raises what :meth:`stream` raises."""
        return "".join(self.stream(messages, max_tokens)).strip()

    def _run(self, messages: Messages, max_tokens: int, *, may_be_empty: bool = False) -> Generator[str, None, None]:
        openai, http = _packages()
        sent = [{"role": m["role"], "content": m["content"].encode("utf-8", "replace").decode("utf-8")} for m in messages]
        try:
            with self._client(openai, http) as client, self._create(openai, client, sent, max_tokens) as chunks:
                kind = chunks.response.headers.get("content-type", "")
                if "html" in kind or "json" in kind:
                    raise self._no_stream(chunks.response)
                yield from _pieces(chunks, self.url, may_be_empty=may_be_empty)
        except (openai.OpenAIError, http.HTTPError, http.StreamError, http.InvalidURL, ValueError) as error:
            raise self._told(openai, error) from None

    @contextmanager
    def _client(self, openai: ModuleType, http: ModuleType) -> Iterator[OpenAI]:
        until = time.monotonic() + PATIENCE * self._settings.timeout
        key = self._key

        def before(request: httpx2.Request) -> None:
            for name in [n for n in request.headers if n.lower() not in _SENT_HEADERS]:
                del request.headers[name]
            request.headers["accept-encoding"] = "identity"
            if key:
                request.headers["authorization"] = f"Bearer {key}"

        def after(response: httpx2.Response) -> None:
            response.stream = _guarded(http, response.stream, until)

        transport = openai.DefaultHttpx2Client(
            timeout=self._settings.timeout, follow_redirects=False, trust_env=not self._local, event_hooks={"request": [before], "response": [after]}
        )
        client = openai.OpenAI(
            api_key=key or "none", base_url=self._base_url, organization="", project="", timeout=self._settings.timeout, max_retries=0, http_client=transport
        )
        try:
            yield client
        finally:
            client.close()

    def _create(self, openai: ModuleType, client: OpenAI, messages: Any, max_tokens: int) -> Any:
        """Open the stream; where a model does not know an option, without it or under its new name."""
        options: dict[str, Any] = {"temperature": 0.0, "max_tokens": max_tokens}
        while True:
            try:
                return client.chat.completions.create(model=self.model, messages=messages, stream=True, **options)
            except openai.BadRequestError as error:
                if not _adapt(options, str(error)):
                    raise

    def _offered(self) -> list[str]:
        """The names of the models the endpoint lists; none where it lists none."""
        openai, http = _packages()
        try:
            with self._client(openai, http) as client:
                found = client.models.list().data
        except (openai.OpenAIError, http.HTTPError, http.StreamError, ValueError, AttributeError):
            return []
        names = [self._safe(str(getattr(m, "id", ""))) for m in found] if isinstance(found, list) else []
        return sorted(n for n in names if n)

    def _no_stream(self, response: httpx2.Response) -> EndpointUnavailable:
        """The reply was no event stream: a web page, or one JSON text."""
        body = response.read().decode("utf-8", "replace")
        if "html" in response.headers.get("content-type", ""):
            what = f"a web page ({self._safe(_page_title(body)) or 'untitled'})"
        else:
            what = f"JSON instead of a stream ({self._safe(body)[:80]})"
        return EndpointUnavailable(f"{self.url} answered with {what}; check llm.base_url, which usually ends with /v1")

    def _told(self, openai: ModuleType, error: Exception) -> EndpointError:
        """The error a caller can act on, without the key."""
        if isinstance(error, openai.APIStatusError):
            return self._status(error)
        if isinstance(error, openai.APITimeoutError) or "Timeout" in type(error).__name__:
            return EndpointUnavailable(f"{self.url} did not reply in time (llm.timeout is {self._settings.timeout:g} seconds); try later or raise it")
        if isinstance(error, openai.APIConnectionError):
            reason = self._safe(str(error.__cause__ or error)) or type(error.__cause__).__name__
            if "Connect" in type(error.__cause__).__name__:
                return EndpointUnavailable(f"no connection to {self.url} ({reason}); is the server running?")
            return EndpointUnavailable(f"the connection to {self.url} broke ({reason}); try again")
        if isinstance(error, openai.APIError):
            return EndpointUnavailable(f"{self.url} reported an error while replying: {self._safe(error.message) or 'without a reason'}")
        if isinstance(error, ValueError):
            return EndpointUnavailable(f"{self.url} sent what is no chat reply ({type(error).__name__}); check llm.base_url")
        return EndpointUnavailable(f"the reply of {self.url} broke off ({self._safe(str(error)) or type(error).__name__})")

    def _status(self, error: Any) -> EndpointError:
        status = int(error.status_code)
        name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
        words = self._safe(_words(error.body))
        told = f"{self.url} answered {status} {name}".rstrip() + (f": {words}" if words else "")
        if status == 429:
            return EndpointUnavailable(f"{told}; wait a little or check the quota")
        if status >= 500 or status in {408, 409, 425}:
            return EndpointUnavailable(f"{told}; try later")
        if status in {401, 403}:
            return EndpointRefused(f"{told}; check llm.api_key")
        if status == 404:
            return EndpointRefused(f"{told}; check llm.base_url (it usually ends with /v1) and llm.model ({self.model})")
        if status < 400:
            return EndpointRefused(f"{told}; set llm.base_url to the address it leads to")
        return EndpointRefused(f"{told}; check llm.model ({self.model})")

    def _safe(self, text: str) -> str:
        """A foreign text as one short line in which no key stands, whole or masked."""
        key = self._key
        for secret in {key, quote(key, safe=""), key.replace("/", "\\/")} - {""}:
            text = text.replace(secret, "[key]")
        line = " ".join("".join(c if c.isprintable() else " " for c in _MASKED_KEY.sub("[key]", text)).split())
        return line if len(line) <= MAX_REASON else line[: MAX_REASON - 3] + "..."


def _packages() -> tuple[ModuleType, ModuleType]:
    """The client and the HTTP library it is built on."""
    try:
        import httpx2
        import openai
    except ImportError as error:
        if error.name not in {"openai", "httpx2"}:
            raise
        raise MissingPackage('a language model needs the package openai; run: pip install "openai>=3.0,<4"') from error
    return openai, httpx2


def _pieces(chunks: Any, url: str, *, may_be_empty: bool) -> Iterator[str]:
    """The text of a stream of chunks, up to the one that says why it ended."""
    finish: str | None = None
    empty = True
    for chunk in chunks:
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list) or not choices:
            continue
        text = getattr(getattr(choices[0], "delta", None), "content", None)
        if isinstance(text, str) and text:
            empty = False
            yield text
        finish = getattr(choices[0], "finish_reason", None)
        if finish:
            break
    if not finish:
        raise EndpointUnavailable(f"the reply of {url} was cut off before its end; try again")
    if finish == "content_filter":
        raise EndpointUnavailable(f"{url} withheld the rest of its reply (content filter)")
    if empty and not may_be_empty:
        more = "; raise llm.max_tokens" if finish == "length" else ""
        raise EndpointUnavailable(f"{url} sent an empty reply{more}")


def _adapt(options: dict[str, Any], reason: str) -> bool:
    """Change the options a model says it does not take; False where the reason names none of them."""
    if "max_tokens" in options and "max_completion_tokens" in reason:
        options["max_completion_tokens"] = options.pop("max_tokens")
        return True
    if "temperature" in options and "temperature" in reason:
        del options["temperature"]
        return True
    return False


def _guarded(http: ModuleType, stream: Any, until: float) -> httpx2.SyncByteStream:
    """A body that ends with an error once it lasts or grows beyond measure, whatever it holds."""

    class Guarded(http.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for part in stream:
                size += len(part)
                if time.monotonic() > until:
                    raise http.ReadTimeout("the reply took too long")
                if size > MAX_BYTES:
                    raise http.ReadError(f"the reply is longer than {MAX_BYTES} bytes")
                yield part

        def close(self) -> None:
            stream.close()

    guarded: httpx2.SyncByteStream = Guarded()
    return guarded


def _split_url(url: str) -> tuple[str, str] | None:
    """Host and the address without user name, password and query; None for what is no http address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or any(c.isspace() for c in url):
        return None
    shown = f"[{host}]" if ":" in host else host
    return host, f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}".rstrip("/")


def _bare_url(url: str) -> str:
    parts = _split_url(url)
    return parts[1] if parts else re.split(r"[?#]", re.sub(r"//[^/@]*@", "//", url))[0][:80]


def _words(body: object) -> str:
    """What a server says about its error, wherever it puts it."""
    if isinstance(body, Mapping):
        for name in ("message", "detail", "error", "msg"):
            if body.get(name):
                return _words(body[name])
        return ""
    if isinstance(body, str):
        return _page_title(body) if "<" in body else body
    return "" if body is None else str(body)


def _page_title(body: str) -> str:
    found = _TITLE.search(body)
    return found.group(1) if found else ""
