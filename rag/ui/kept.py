"""What is set on the page and kept: the optional language model and how strictly replies are graded, in one file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, ValidationError

from rag.config import LlmSettings, Settings, Strictness
from rag.errors import UserInputError

FILE = "page.json"
MAX_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What the page keeps. None: not set there."""

    llm: LlmSettings | None = None
    strictness: Strictness | None = None
    second_opinion: bool | None = None

    def over(self, settings: Settings) -> Settings:
        """Settings with what was kept; a model that file or environment name wins."""
        out = settings
        if self.llm is not None and not settings.llm.enabled:
            out = out.model_copy(update={"llm": self.llm})
        if self.strictness is not None:
            out = out.model_copy(update={"grading": out.grading.model_copy(update={"strictness": self.strictness})})
        if self.second_opinion is not None:
            out = out.model_copy(update={"grading": out.grading.model_copy(update={"second_opinion": self.second_opinion})})
        return out


def load(folder: Path) -> Kept:
    """What was kept; nothing where there is no file or it cannot be read."""
    path = folder / FILE
    try:
        if path.stat().st_size > MAX_BYTES:
            return Kept()
        data = json.loads(path.read_text(encoding="utf-8"))
        llm = LlmSettings.model_validate(data["llm"]) if data.get("llm") else None
    except (OSError, ValueError, AttributeError, TypeError, ValidationError):
        return Kept()
    strictness, second = data.get("strictness"), data.get("second_opinion")
    return Kept(llm, strictness if strictness in get_args(Strictness) else None, second if isinstance(second, bool) else None)


def save(folder: Path, kept: Kept) -> None:
    """Keep it, in one step; nobody else can read the file.

    Raises:
        UserInputError: the file cannot be written.
    """
    data: dict[str, Any] = {"strictness": kept.strictness, "second_opinion": kept.second_opinion}
    if kept.llm is not None:
        key = kept.llm.api_key
        data["llm"] = {**kept.llm.model_dump(mode="json", exclude={"api_key"}), "api_key": key.get_secret_value() if key else None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".page-")  # readable by its owner alone
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(data, out, indent=1)
        os.replace(name, folder / FILE)
    except OSError as error:
        told = f"{folder / FILE}: cannot be written ({error.strerror}); set data_dir to a folder that can"
        raise UserInputError(told, "not_written", {"file": str(folder / FILE), "reason": str(error.strerror)}) from error


def changed_llm(kept: Kept, base_url: str, model: str, api_key: str) -> Kept:
    """With another endpoint. An empty key keeps the one there is, but only while the address stays the same: it is sent nowhere else.

    Raises:
        UserInputError: address or model is missing.
    """
    base_url, model, api_key = base_url.strip(), model.strip(), api_key.strip()
    if not base_url or not model:
        raise UserInputError("a language model needs an address, such as http://127.0.0.1:8080/v1, and a model name", "endpoint_fields")
    before = kept.llm
    secret = SecretStr(api_key) if api_key else before.api_key if before is not None and before.base_url == base_url else None
    return replace(kept, llm=LlmSettings(base_url=base_url, model=model, api_key=secret))
