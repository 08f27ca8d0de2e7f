"""Normalisation for matching only: nothing a user reads passes through here."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.records import Language

if TYPE_CHECKING:
    from opencc import OpenCC

_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_SIZE = re.compile(r"(?<![\w.])(\d{1,4})\s*(?:[×✕╳x*]|乘以?)\s*(\d{1,4})(?![\w.])(?:\s*(?:[×✕╳x*]|乘以?)\s*(\d{1,4})(?![\w.]))?")
_TEX_TIMES = re.compile(r"\s*\\(?:times|cdot)(?![a-zA-Z])\s*")
_TEX_SUB = re.compile(r"(?<![a-z])([a-z])\s*[_^]\s*\{?\s*([a-z0-9∞]{1,3})\s*\}?")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("tw2sp")


def is_cjk(char: str) -> bool:
    """Whether a character is a CJK ideograph."""
    return bool(_CJK.match(char))


def normalise(text: str) -> str:
    r"""Fold what must match alike: width (NFKC), script and wording (Taiwan to mainland), case, spaces, sizes (``3×3`` to
    ``3x3``), sub- and superscripts of a letter (``L_{\\infty}`` to ``l∞``)."""
    text = unicodedata.normalize("NFKC", text)
    if _CJK.search(text):
        text = _converter().convert(text)
    text = _TEX_TIMES.sub("×", text.lower())
    text = _SIZE.sub(lambda m: "x".join(part for part in m.groups() if part), text)
    if "_" in text or "^" in text:
        text = _TEX_SUB.sub(r"\1\2", text.replace("\\infty", "∞"))
    return _SPACE.sub(" ", text).strip()


def language_of(text: str) -> Language:
    """The language a person would say the text is written in: Chinese as soon as its ideographs carry a fair part of it.

    An ideograph counts as one word, a Latin word as one; a quarter of ideographs makes a text Chinese, so that
    "VGG 相比 AlexNet 做了哪些改进" is Chinese and an English sentence quoting one term is English.
    """
    ideographs = len(_CJK.findall(text))
    words = len(_LATIN_WORD.findall(text))
    return "zh" if ideographs and ideographs >= 0.25 * (ideographs + words) else "en"
