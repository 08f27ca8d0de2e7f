"""Bytes to text."""

from __future__ import annotations

import codecs
import re
from collections import Counter

from rag.corpus.refusals import refusal

SIGNATURES = (
    (b"%PDF-", "PDF", ".pdf"),
    (b"PK\x03\x04", "a zip or Office file", ".docx, .zip"),
    (b"\xd0\xcf\x11\xe0", "an old or protected Office file", ".docx (saved by Word as such, without a password)"),
)
_BAD_SHARE = 0.001
_PLAUSIBLE = 0.5
_SAMPLE = 200_000
_ESCAPED = re.compile("[\udc80-\udcff]")
_LONE_LETTER = re.compile(r"(?<![^\x00-\x7f])[À-ÖØ-öø-ÿŒœŠšŽžŸ](?![^\x00-\x7f])")
_AMID_LETTERS = re.compile(r"(?<=[a-z])[\u4e00-\u9fff](?=[a-z])")
_WESTERN = frozenset("“”‘’–—…•€™·°©®«»")


def decode(data: bytes, name: str = "") -> str:
    """The text of a file: UTF-8 (with or without a mark, a few bad bytes at most), UTF-16 by its mark, else the most plausible guess.

    Raises:
        Refused: the bytes are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _strict(data, "utf-16")
    else:
        for signature, got, wanted in SIGNATURES:
            if data.startswith(signature):
                raise refusal("wrong_suffix", name, got=got, wanted=wanted)
        if b"\x00" in data[:4096]:
            raise refusal("not_text", name)
        text = _utf8(data)
        if text is None:
            text = _most_plausible(data)
    if text is not None:
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise refusal("encoding", name)
    return str(best)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf8(data: bytes) -> str | None:
    """UTF-8 whose last character may be cut off (it is dropped) and that may hold a bad byte in a thousand; None for anything else."""
    reader = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    text = reader.decode(data)
    cut = len(reader.getstate()[0])
    bad = len(_ESCAPED.findall(text))
    if not bad and not cut:
        return text
    # A byte that is no UTF-8 in a text that is otherwise ASCII speaks for another encoding.
    good = sum(ord(c) > 0x7F for c in text) - bad
    if bad <= _BAD_SHARE * len(data) and (good > bad or (cut > 1 and not bad)):
        return _ESCAPED.sub("\ufffd", text)
    return None


def _most_plausible(data: bytes) -> str | None:
    texts = [text for encoding in ("gb18030", "big5", "cp1252") if (text := _strict(data, encoding)) is not None]
    best = max(texts, key=_plausibility, default=None)
    return best if best is not None and _plausibility(best) >= _PLAUSIBLE else None


def _plausibility(text: str) -> float:
    """The share of a text's characters beyond ASCII that writers use; bytes in the wrong encoding give private-use and rare ones."""
    text = text[:_SAMPLE]
    beyond = Counter(c for c in text if c > "\x7f")
    usual = sum(count for char, count in beyond.items() if char in _WESTERN or _is_common(char))
    private = sum(count for char, count in beyond.items() if "\ue000" <= char <= "\uf8ff")
    return (usual + len(_LONE_LETTER.findall(text)) - private - len(_AMID_LETTERS.findall(text))) / max(1, beyond.total())


def _is_common(char: str) -> bool:
    """Whether a character is in the first part of GB 2312 or Big5: the ideographs in everyday use, and their punctuation."""
    for encoding, ranges in (("gb2312", ((0xA1, 0xA3), (0xB0, 0xD7))), ("big5", ((0xA1, 0xA2), (0xA4, 0xC6)))):
        lead = char.encode(encoding, "ignore")[:1]
        if lead and any(low <= lead[0] <= high for low, high in ranges):
            return True
    return False
