"""Grading against a reference text: what the reply shares with it, statement by statement and as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rag.grade.reply import DENIAL, NUMBER, Reply, size
from rag.models import Encoder
from rag.records import Bilingual, KeyPoint
from rag.text import content_terms, language_of, normalise, split_sentences

Floats = npt.NDArray[np.float64]
MAX_STATEMENTS = 8
MAX_TEXT = 700
REFERENCE_FEATURES = (
    "near",
    "near_question",
    "near_best",
    "near_mean",
    "terms_said",
    "terms_own",
    "letters_said",
    "letters_own",
    "new_terms_said",
    "order",
    "numbers",
    "denial",
    "length",
    "length_reference",
    "ratio",
    "echo",
    "question_in_reference",
    "statements",
    "same",
)
_PIECE = re.compile(r"[；;。.!！?？\n]|(?<=[^\d])[,，](?=\D)")


def statements_of(reference: str) -> list[KeyPoint]:
    """A reference split into at most MAX_STATEMENTS statements that serve as key points; longer ones weigh more, weights sum to 100."""
    texts = [reference[s:e].strip(" -•*\t") for s, e in split_sentences(reference)]
    texts = [t for t in texts if any(c.isalnum() for c in t)] or ([reference.strip()] if reference.strip() else [])
    while len(texts) > MAX_STATEMENTS:
        shortest = min(range(len(texts) - 1), key=lambda i: (len(texts[i]) + len(texts[i + 1]), i))
        texts[shortest : shortest + 2] = [f"{texts[shortest]} {texts[shortest + 1]}"]
    if not texts:
        return []
    mass = [math.sqrt(max(1, len(content_terms(t)))) for t in texts]
    weights = [max(1, round(100 * m / sum(mass))) for m in mass]
    weights[int(np.argmax(weights))] += 100 - sum(weights)
    out = []
    for n, (text, weight) in enumerate(zip(texts, weights, strict=True), 1):
        both = Bilingual(text, "") if language_of(text) == "zh" else Bilingual("", text)
        out.append(KeyPoint(f"r{n}", weight, both))
    return out


def letters(text: str) -> set[str]:
    """Letter trigrams of Latin text, pairs of ideographs."""
    plain = re.sub(r"[\W_]+", " ", normalise(text))
    out: set[str] = set()
    for word in plain.split():
        step = 2 if any(ord(c) > 0x2E80 for c in word) else 3
        out |= {word[i : i + step] for i in range(max(1, len(word) - step + 1))}
    return out


def _share(part: set[str], whole: set[str]) -> float:
    return len(part & whole) / len(part) if part else 0.0


def _common_run(a: Sequence[str], b: Sequence[str]) -> float:
    """Length of the longest common subsequence of terms over that of the shorter list."""
    if not a or not b:
        return 0.0
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], before + 1 if x == y else max(row[j], row[j - 1])
    return row[-1] / min(len(a), len(b))


def measure(question: str, references: Sequence[str], reply: Reply, encoder: Encoder) -> tuple[Floats, str]:
    """The features of a reply, named by REFERENCE_FEATURES, and the reference they are taken against: of several the one nearest to the reply."""
    body = reply.body[:MAX_TEXT]
    texts = [r.strip()[:MAX_TEXT] for r in references if r.strip()]
    vectors = encoder.passages([body, question[:MAX_TEXT], *texts])
    nearest = int(np.argmax(np.round(vectors[2:] @ vectors[0], 5)))
    reference = texts[nearest]
    points = [k.text.in_language("zh") for k in statements_of(reference)]
    parts = [p.text for p in reply.parts][:12] or [body]
    single = encoder.passages([*points, *parts])
    near = single[: len(points)] @ single[len(points) :].T
    said, held, asked = list(reply.terms), content_terms(reference), set(content_terms(question))
    own, right = set(said), set(held)
    numbers = set(NUMBER.findall(normalise(reference))) - set(NUMBER.findall(normalise(question)))
    given = set(NUMBER.findall(normalise(body)))
    letters_own, letters_right = letters(body), letters(reference)
    negations = len(DENIAL.findall(normalise(body))), len(DENIAL.findall(normalise(reference)))
    lengths = math.log1p(size(body)), math.log1p(size(reference))
    values = [
        float(vectors[2 + nearest] @ vectors[0]),
        float(vectors[1] @ vectors[0]),
        float(near.max(axis=1).min()),
        float(near.max(axis=1).mean()),
        _share(right, own),
        _share(own, right),
        _share(letters_right, letters_own),
        _share(letters_own, letters_right),
        _share(right - asked, own),
        _common_run(held[:60], said[:60]),
        len(numbers & given) / len(numbers) if numbers else 0.5,
        float(negations[0] % 2 != negations[1] % 2),
        lengths[0],
        lengths[1],
        lengths[0] - lengths[1],
        _share(own, asked),
        _share(right, asked),
        float(len(points)),
        float(normalise(body).strip(" .。") == normalise(reference).strip(" .。")),
    ]
    return np.array(values), reference
