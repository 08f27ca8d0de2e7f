"""Bytes to text."""

from __future__ import annotations

from rag.corpus.refusals import refusal

SIGNATURES = (
    (b"%PDF-", "PDF", ".pdf"),
    (b"PK\x03\x04", "a zip or Office file", ".docx, .zip"),
    (b"\xd0\xcf\x11\xe0", "an old or protected Office file", ".docx (saved by Word as such, without a password)"),
)


def decode(data: bytes, name: str = "") -> str:
    """The text of a file: UTF-8 (with or without a mark), UTF-16 by its mark, GB18030, else the best guess.

    Raises:
        Refused: the bytes are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        for signature, got, wanted in SIGNATURES:
            if data.startswith(signature):
                raise refusal("wrong_suffix", name, got=got, wanted=wanted)
        if b"\x00" in data[:4096]:
            raise refusal("not_text", name)
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise refusal("encoding", name)
    return str(best)
