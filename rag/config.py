"""Typed settings from mianjing.toml, the environment (``MIANJING_*``) and the command line; unknown keys are refused.

Later sources win: file < environment < explicit arguments. Nested keys are written ``[search]`` in the file and
``MIANJING_SEARCH__TOP`` in the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from rag.errors import ConfigError

PREFIX = "MIANJING_"
FILE_NAME = "mianjing.toml"
ROOT = Path(__file__).resolve().parent.parent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderSettings(_Part):
    """Which encoder turns text into vectors."""

    name: str | None = Field(default=None, description="hub id or folder; unset: the bundled offline weights")
    device: str = "cpu"
    batch_size: int = Field(default=8, ge=1, le=1024)
    query_prompt: str | None = Field(default=None, description="prompt name or text for questions; unset: what the model declares")
    threads: int | None = Field(default=None, ge=1, le=256, description="CPU threads of the encoder; unset: all cores")


class SearchSettings(_Part):
    """How passages are found."""

    top: int = Field(default=10, ge=1, le=200)
    candidates: int = Field(default=60, ge=10, le=1000, description="passages each half hands to the fusion")
    judge: str = Field(
        default="auto", min_length=1, description="auto: the bundled judge; off: none (fast mode); else a cross-encoder's hub id or folder for reranking"
    )


class AnswerSettings(_Part):
    """How answers are composed and when they are refused."""

    refuse_below: float | None = Field(default=None, ge=0, le=1, description="answerability below which there is no answer; unset: the trained value")
    caution_below: float | None = Field(default=None, ge=0, le=1, description="answerability below which an answer carries a caution; unset: the trained value")
    max_sentences: int = Field(default=12, ge=1, le=60)


Strictness = Literal["lenient", "normal", "strict"]


class GradingSettings(_Part):
    """How replies are graded."""

    strictness: Strictness = Field(default="normal", description="lenient and strict bend what lies between 0 and 100 up or down")
    second_opinion: bool = Field(default=False, description="show beside a grade where the optional language model sees it differently")


class LlmSettings(_Part):
    """An optional OpenAI-compatible endpoint. Nothing needs it."""

    base_url: str | None = None
    api_key: SecretStr | None = None
    model: str | None = None
    timeout: float = Field(default=60.0, gt=0, le=600)
    max_tokens: int = Field(default=800, ge=16, le=8192)

    @property
    def enabled(self) -> bool:
        """Whether an endpoint is configured."""
        return bool(self.base_url and self.model)


class UiSettings(_Part):
    """The page."""

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    language: Literal["auto", "zh", "en"] = "auto"


def _default_corpus() -> Path:
    here = Path.cwd() / "corpus"
    return here if here.is_dir() else ROOT / "corpus"


def _default_index() -> Path:
    return (Path.cwd() if (Path.cwd() / "corpus").is_dir() else ROOT) / "index"


class Settings(_Part):
    """All settings. Build with :meth:`load` (file and environment) or directly."""

    corpus: Path = Field(default_factory=_default_corpus)
    index: Path = Field(default_factory=_default_index)
    cache_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("mianjing", appauthor=False)))
    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mianjing", appauthor=False)))
    history_url: str | None = Field(default=None, description="any SQLAlchemy URL; unset: SQLite in data_dir")
    encoder: EncoderSettings = EncoderSettings()
    search: SearchSettings = SearchSettings()
    answer: AnswerSettings = AnswerSettings()
    grading: GradingSettings = GradingSettings()
    llm: LlmSettings = LlmSettings()
    ui: UiSettings = UiSettings()

    @classmethod
    def load(cls, file: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Settings from ``mianjing.toml`` (given, or in the working folder), the environment, and explicit overrides.

        Raises:
            ConfigError: a file that does not parse, unknown keys, or values out of range; all faults in one message.
        """
        environ = os.environ if environ is None else environ
        values = _from_file(file)
        _merge(values, _from_environment(environ))
        _merge(values, {k: v for k, v in overrides.items() if v is not None})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(_fault(e) for e in error.errors(include_url=False, include_context=False))
            raise ConfigError(f"settings: {faults}") from None


def _fault(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {where}"
    shown = "" if any(w in where for w in ("key", "password", "secret")) else f" (got {error['input']!r})"
    return f"{where}: {error['msg']}{shown}"


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or Path(os.environ.get(PREFIX + "CONFIG", FILE_NAME))
    if not path.is_file():
        if file is not None:
            raise ConfigError(f"settings file {path} does not exist")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"settings file {path} does not parse: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name == PREFIX + "CONFIG":
            continue
        keys = name[len(PREFIX) :].lower().split("__")
        place = values
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(f"settings: {name} clashes with another variable")
        place[keys[-1]] = value
    return values


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value
