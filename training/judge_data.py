"""What the judge learns from: pairs of texts with a label, all of them this project's own (corpus/bank, corpus/handbook) and split by question."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from replies import CLOSERS, OPENERS

from rag.answer.prefer import TERMS
from rag.grade.features import WINDOW
from rag.grade.reply import size
from rag.judge import LABELS
from rag.models import Encoder
from rag.search import Scored, Searcher, translation
from rag.store import Index
from rag.text import concepts, content_terms, language_of
from rag.views import view

Row = dict[str, Any]
VERDICTS = {"hit": "entails", "partial": "partly", "contradicted": "contradicts", "missed": "unrelated"}


@dataclass(frozen=True)
class Pair:
    """Two texts read together. ``task`` is answers (label 0/1) or entails (index into LABELS); ``group`` is what splits are made by."""

    task: str
    a: str
    b: str
    label: int
    group: str
    source: str


def held_out(group: str) -> bool:
    """Whether a question and all its rows validate: every fifth, by a hash of its id."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 5 == 0


UNANSWERABLE = Path(__file__).parent / "unanswerable.jsonl"


def unanswerable_held_out(question: str) -> bool:
    """Whether an unanswerable question validates and fits refusals: every second one, by its hash; the judge learns from the others."""
    return int(hashlib.sha256(question.encode()).hexdigest(), 16) % 2 == 0


def rows(path: Path) -> Iterator[Row]:
    """The objects of a JSON lines file."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def bank_of(corpus: Path) -> dict[str, Row]:
    """The entries of the question bank by id."""
    return {entry["id"]: entry for path in sorted((corpus / "bank").glob("*.yaml")) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))}


def other(language: str) -> str:
    """The other language."""
    return "en" if language == "zh" else "zh"


def point_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """(key point, short reply) pairs. A reply is paired with the key point in its own language, every third one with the other language's."""
    out: list[Pair] = []
    replies: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for row in rows(path) if not path.name.startswith("details-") else ():
            point = next((k for k in bank.get(row["question"], {}).get("key_points", ()) if k["id"] == row.get("point")), None)
            if point is None:
                continue
            qid = row["question"]
            said = [("entails", lang, t) for lang, ts in row["entails"].items() for t in ts]
            said += [("partly", lang, t) for lang, ts in row["partly"].items() for t in ts]
            said += [("contradicts", c["lang"], c["text"]) for c in row["contradicts"]]
            for n, (label, lang, text) in enumerate(said):
                against = other(lang) if n % 3 == 2 else lang
                out.append(Pair("entails", point[against], worn(text, lang, rng), LABELS.index(label), qid, "points"))
                if label == "entails":
                    replies[qid].append((row["point"], lang, text))
            out.append(Pair("entails", point["zh"], point["en"], 0, qid, "translation"))
            for wrong in row["contradicts"]:
                # Read the other way round: a false statement is not made by who says the truth.
                lang = wrong["lang"] if rng.random() < 0.7 else other(wrong["lang"])
                right = rng.choice([point[lang], *row["entails"].get(lang, ())])
                if rng.random() < 0.5:
                    out.append(Pair("entails", wrong["text"], worn(right, lang, rng), LABELS.index("contradicts"), qid, "reversed"))
    ids = sorted(replies)
    area = {qid: bank[qid]["area"] for qid in ids}
    for qid in ids:
        for point in bank[qid]["key_points"]:
            inside = [r for r in replies[qid] if r[0] != point["id"]]
            near = [q for q in ids if q != qid and area[q] == area[qid] and held_out(q) == held_out(qid)]
            outside = [rng.choice(replies[rng.choice(near)]) for _ in range(2)] if near else []
            for _, lang, text in [*rng.sample(inside, min(2, len(inside))), *outside]:
                out.append(Pair("entails", point[lang if rng.random() < 0.7 else other(lang)], worn(text, lang, rng), 3, qid, "unrelated"))
        for wrong in bank[qid].get("misconceptions", ()):
            # A misconception is stated by its own translation: what finds false statements looks for that.
            out.append(Pair("entails", wrong["zh"], wrong["en"], 0, qid, "misconception"))
    return out


NOT_ENTAILED = len(LABELS)
"""A label for training alone: contradicts or unrelated, either is right."""
NOT_SAID = NOT_ENTAILED + 1
"""Partly or unrelated, either is right."""
NOT_WHOLE = NOT_ENTAILED + 2
"""Anything but entails."""
EITHER: dict[int, tuple[int, ...]] = {NOT_ENTAILED: (2, 3), NOT_SAID: (1, 3), NOT_WHOLE: (1, 2, 3)}
"""What each label for training alone leaves open."""


def turned_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """Pairs whose statement is a paraphrase of a key point, not the key point as the bank writes it, under every label; and misconceptions beside the truth.

    A judge that has seen only the bank's wording as statements takes any other wording for a sign of the labels it came with.
    """
    out: list[Pair] = []
    said: dict[tuple[str, str], Row] = {}
    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for row in rows(path) if not path.name.startswith("details-") else ():
            if row.get("point") and row["question"] in bank:
                said[row["question"], row["point"]] = row

    def texts(row: Row) -> list[tuple[str, str]]:
        return [(lang, t) for lang, ts in row["entails"].items() for t in ts]

    for (qid, pid), row in said.items():
        point = next(k for k in bank[qid]["key_points"] if k["id"] == pid)
        own = texts(row)
        others = [t for (q, p), r in said.items() if q == qid and p != pid for t in texts(r)]
        for _, statement in rng.sample(own, min(2, len(own))):
            right = [(lang, t) for lang, t in [*own, ("zh", point["zh"]), ("en", point["en"])] if t != statement]
            found = [(0, rng.choice(right)), *((1, (lang, t)) for lang, ts in row["partly"].items() for t in rng.sample(ts, min(1, len(ts))))][:2]
            found += [(2, (c["lang"], c["text"])) for c in rng.sample(row["contradicts"], min(1, len(row["contradicts"])))]
            found += [(3, rng.choice(others))] if others else []
            out += [Pair("entails", statement, worn(text, lang, rng), label, qid, "turned") for label, (lang, text) in found]
    for pair in [*reply_pairs(corpus, bank, rng), *composed_pairs(corpus, bank, rng)]:
        owner = next((k["id"] for k in bank[pair.group]["key_points"] if pair.a in (k["zh"], k["en"])), "")
        if (pair.group, owner) in said and rng.random() < 0.4:
            out.append(Pair("entails", rng.choice(texts(said[pair.group, owner]))[1], pair.b, pair.label, pair.group, "turned"))
    for qid, entry in bank.items():
        truths = [t for (q, _), r in said.items() if q == qid for t in texts(r)]
        for wrong in entry.get("misconceptions", ()):
            for lang, text in rng.sample(truths, min(2, len(truths))):
                out.append(Pair("entails", wrong[rng.choice(["zh", "en"])], worn(text, lang, rng), NOT_ENTAILED, qid, "denied"))
    return out


def worn(text: str, language: str, rng: random.Random) -> str:
    """A text as it may come out of a mouth or a keyboard: with an opener, without its stop, in small letters. The meaning stays."""
    draw = rng.random()
    if draw < 0.12:
        return rng.choice(OPENERS["zh" if language == "zh" else "en"]) + ("" if language == "zh" else " ") + text
    if draw < 0.2:
        return text + ("。" if language == "zh" else " ") + rng.choice(CLOSERS["zh" if language == "zh" else "en"])
    if draw < 0.3:
        return text.rstrip("。.").lower()
    return text


def reply_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """(key point, whole reply) pairs of the graded replies; a key point stands in the reply's language or, every third time, in the other."""
    out: list[Pair] = []
    for path in sorted((corpus / "bank" / "replies").glob("*.jsonl")):
        for row in rows(path):
            for point in bank[row["question"]]["key_points"]:
                verdict = row["points"].get(point["id"], "missed")
                lang = row["lang"] if rng.random() < 0.67 else other(row["lang"])
                out.append(Pair("entails", point[lang], row["text"], LABELS.index(VERDICTS[verdict]), row["question"], "replies"))
    return out


def composed_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """(key point, reply of two to four statements on several key points) pairs: the judge must find the one that matters."""
    said: dict[str, dict[str, list[tuple[str, str, str]]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for row in rows(path) if not path.name.startswith("details-") else ():
            if row.get("point") and row["question"] in bank:
                mine = said[row["question"]][row["point"]]
                mine += [("entails", lang, t) for lang, ts in row["entails"].items() for t in ts]
                mine += [("partly", lang, t) for lang, ts in row["partly"].items() for t in ts]
                mine += [("contradicts", c["lang"], c["text"]) for c in row["contradicts"]]
    out: list[Pair] = []
    for qid in sorted(said):
        points = {k["id"]: k for k in bank[qid]["key_points"]}
        for lang in ("zh", "en"):
            for _ in range(4):
                chosen = rng.sample(sorted(points), min(len(points), rng.randint(2, 4)))
                parts = {p: rng.choice([s for s in said[qid][p] if s[1] == lang] or [("", lang, "")]) for p in chosen}
                texts = [t for _, _, t in parts.values() if t]
                rng.shuffle(texts)
                text = ("。" if lang == "zh" else ". ").join(t.rstrip("。.") for t in texts)
                for pid in rng.sample(sorted(points), min(2, len(points))):
                    label = parts[pid][0] if pid in parts and parts[pid][2] else "unrelated"
                    held = lang if rng.random() < 0.7 else other(lang)
                    out.append(Pair("entails", points[pid][held], text, LABELS.index(label), qid, "composed"))
    return out


def beside(out: list[Pair], statement: str, text: str, label: int, qid: str, source: str) -> None:
    """Add a pair of a statement and a text, but for one that is beside itself."""
    if statement != text:
        out.append(Pair("entails", statement, text, label, qid, source))


def spoken(corpus: Path, bank: dict[str, Row]) -> Iterator[Row]:
    """The voices (corpus/bank/voices) that speak of a key point of the bank."""
    for path in sorted((corpus / "bank" / "voices").glob("*.jsonl")):
        for row in rows(path):
            if any(k["id"] == row["point"] for k in bank.get(row["question"], {}).get("key_points", ())):
                yield row


VOICED = {"true": "entails", "half": "partly", "false": "contradicts", "beside": "unrelated"}


def voiced_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """Pairs of texts that one person wrote in one manner, whatever they do to the statement (corpus/bank/voices): manner does not tell the label.

    Each text stands beside the key point in either language and beside what others say for it; false, half and neighbouring texts are statements too. Last come
    replies put together from several of them.
    """
    said: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in spoken(corpus, bank):
        said[row["question"], row["point"]].append(row)
    out: list[Pair] = []

    add = partial(beside, out)

    for (qid, pid), voices in said.items():
        point = next(k for k in bank[qid]["key_points"] if k["id"] == pid)
        for row in voices:
            for kind, label in VOICED.items():
                add(point[rng.choice(["zh", "en"])], row[kind], LABELS.index(label), qid, "voices")
                others = [v["true"] for v in voices if v is not row or kind != "true"]
                add(rng.choice(others or [point["zh"]]), row[kind], LABELS.index(label), qid, "voices-turned")
            right = rng.choice([*(v["true"] for v in voices), point["zh"], point["en"]])
            add(row["false"], right, LABELS.index("contradicts"), qid, "voices-reversed")
            add(row["beside"], right, LABELS.index("unrelated"), qid, "voices-reversed")
            add(row["half"], rng.choice([v["false"] for v in voices]), NOT_ENTAILED, qid, "voices-denied")
    for qid in sorted({q for q, _ in said}):
        points = {k["id"]: k for k in bank[qid]["key_points"] if (qid, k["id"]) in said}
        for lang in ("zh", "en", "zh", "en"):
            chosen = rng.sample(sorted(points), min(len(points), rng.randint(2, 4)))
            parts: dict[str, tuple[str, str]] = {}
            for pid in chosen:
                mine = [v for v in said[qid, pid] if v["lang"] == lang]
                kind = rng.choice(sorted(VOICED))
                parts |= {pid: (VOICED[kind], rng.choice(mine)[kind])} if mine else {}
            texts = [text.rstrip("。.") for _, text in parts.values()]
            rng.shuffle(texts)
            text = ("。" if lang == "zh" else ". ").join(texts)
            for pid in rng.sample(sorted(points), min(3, len(points))):
                statement = rng.choice([points[pid][lang], points[pid][other(lang)], rng.choice(said[qid, pid])["true"]])
                label = parts[pid][0] if pid in parts else "unrelated"
                add(statement, text, LABELS.index(label), qid, "voices-composed")
    return out


OTHER_REPLIES = 4
"""Beside how many whole replies to other questions of its area the key points of a question stand."""
SHARED_WORDS = 0.6
"""A reply to another question that holds this share of a key point's terms may well say it: such a pair has no sure label."""


def whole_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """(key point, whole reply) pairs: replies to a plan, whose voice tells no label, and replies to other questions of the area, which say nothing of it."""
    out: list[Pair] = []
    texts: dict[str, list[str]] = defaultdict(list)
    for path in sorted((corpus / "bank" / "planned").glob("*.jsonl")):
        for row in rows(path):
            texts[row["question"]].append(row["text"])
            for point in bank[row["question"]]["key_points"]:
                label = LABELS.index(VERDICTS[row["points"][point["id"]]])
                out += [Pair("entails", point[lang], row["text"], label, row["question"], "planned") for lang in ("zh", "en")]
    for path in sorted((corpus / "bank" / "replies").glob("*.jsonl")):
        for row in rows(path):
            texts[row["question"]].append(row["text"])
    for qid, entry in bank.items():
        near = [q for q in sorted(texts) if q != qid and bank[q]["area"] == entry["area"] and held_out(q) == held_out(qid)]
        for q in rng.sample(near, min(OTHER_REPLIES, len(near))):
            text = rng.choice(texts[q])
            said = set(content_terms(text))
            for point in entry["key_points"]:
                statement = point[rng.choice(["zh", "en"])]
                terms = set(content_terms(statement))
                if len(terms & said) < SHARED_WORDS * len(terms):
                    out.append(Pair("entails", statement, text, LABELS.index("unrelated"), qid, "elsewhere"))
    return out


def short_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """Short plain sentences (corpus/bank/short) beside key points, beside each other, and two or three as one reply; a negation word tells no label."""
    said: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for path in sorted((corpus / "bank" / "short").glob("*.jsonl")):
        for row in rows(path):
            said[row["question"], row["point"], row["lang"]].append(row)
    out: list[Pair] = []
    add = partial(beside, out)
    of: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(dict)
    for (qid, pid, lang), mine in said.items():
        of[qid, lang][pid] = mine
    for (qid, pid, lang), mine in said.items():
        point = next(k for k in bank[qid]["key_points"] if k["id"] == pid)
        right = [row["text"] for row in mine if row["label"] == "entails"]
        elsewhere = [row["text"] for other_id, some in of[qid, lang].items() if other_id != pid for row in some if row["label"] == "entails"]
        for row in mine:
            label = LABELS.index(row["label"])
            add(point[lang], worn(row["text"], lang, rng), label, qid, "short")
            if rng.random() < 0.5:
                add(point[other(lang)], worn(row["text"], lang, rng), label, qid, "short")
            add(rng.choice(right), row["text"], label, qid, "short-turned")
            if row["label"] in {"contradicts", "unrelated"} and rng.random() < 0.5:
                add(row["text"], rng.choice([*right, point["zh"], point["en"]]), label, qid, "short-reversed")
        if elsewhere:
            add(point[rng.choice(["zh", "en"])], rng.choice(elsewhere), LABELS.index("unrelated"), qid, "short-elsewhere")
    for (qid, lang), points in of.items():
        for _ in range(2 if len(points) > 1 else 0):
            chosen = rng.sample(sorted(points), min(len(points), rng.randint(2, 3)))
            parts = {pid: rng.choice(points[pid]) for pid in chosen}
            ended = [row["text"] + ("" if row["text"][-1] in "。.!?！？" else "。" if lang == "zh" else ".") for row in parts.values()]
            text = ("" if lang == "zh" else " ").join(ended)
            for point in bank[qid]["key_points"]:
                if point["id"] in parts:
                    add(point[rng.choice(["zh", "en"])], text, LABELS.index(parts[point["id"]]["label"]), qid, "short-composed")
    return out


SAME: dict[str, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("因此", "所以"), ("从而", "于是"), ("由于", "因为"), ("能够", "能"), ("可以", "能"), ("使得", "让"), ("但是", "不过"), ("通常", "一般"),
        ("并且", "而且"), ("例如", "比如"), ("需要", "要"), ("仅仅", "只"), ("常常", "经常"),
        ("提高", "提升"), ("减少", "降低"), ("增大", "变大"), ("减小", "变小"), ("缓解", "减轻"), ("非常", "很"), ("而不是", "不是"), ("每个", "每一个"),
    ),
    "en": (
        ("because", "since"), ("therefore", "so"), ("does not", "doesn't"), ("do not", "don't"), ("is not", "isn't"), ("are not", "aren't"),
        ("cannot", "can't"), ("usually", "typically"), ("reduces", "lowers"), ("for example", "for instance"), ("but", "yet"), ("whereas", "while"),
        ("often", "frequently"), ("such as", "like"), ("only", "just"), ("makes", "renders"), ("large", "big"), ("needs", "requires"),
    ),
}  # fmt: skip
"""Words that may take each other's place without a change of meaning."""
TURNED: dict[str, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("增大", "减小"), ("增加", "减少"), ("提高", "降低"), ("更大", "更小"), ("更多", "更少"), ("更快", "更慢"), ("更高", "更低"), ("更容易", "更难"),
        ("之前", "之后"), ("最大", "最小"), ("大于", "小于"), ("变大", "变小"), ("稀疏", "稠密"), ("深层", "浅层"), ("训练时", "测试时"), ("输入", "输出"),
        ("过拟合", "欠拟合"), ("收敛", "发散"), ("共享", "不共享"), ("可以", "不能"), ("会", "不会"), ("依赖", "不依赖"), ("需要", "不需要"), ("都", "都不"),
    ),
    "en": (
        ("larger", "smaller"), ("increases", "decreases"), ("increase", "decrease"), ("higher", "lower"), ("more", "fewer"), ("faster", "slower"),
        ("before", "after"), ("maximum", "minimum"), ("training", "testing"), ("sparse", "dense"), ("input", "output"), ("large", "small"),
        ("overfitting", "underfitting"), ("deep", "shallow"), ("is", "is not"), ("are", "are not"), ("can", "cannot"), ("reduces", "raises"),
        ("with", "without"), ("all", "none of"), ("always", "never"), ("converges", "diverges"), ("same", "opposite"), ("local", "global"),
    ),
}  # fmt: skip
"""Words whose exchange, once, turns a statement into its opposite."""


def word(text: str, lang: str) -> re.Pattern[str]:
    """What finds a word, in English not inside another one: "all" stands in "small"."""
    return re.compile(rf"\b{re.escape(text)}\b" if lang == "en" else re.escape(text))


def lightly(text: str, lang: str, rng: random.Random) -> str:
    """A text in nearly the same words, with its meaning."""
    found = [(word(old, lang), new) for old, new in SAME[lang] if word(old, lang).search(text)]
    for old, new in rng.sample(found, min(2, len(found))):
        text = old.sub(new, text, count=1)
    if lang == "zh" and rng.random() < 0.4 and text.count("的") > 1:
        at = rng.choice([m.start() for m in re.finditer("的", text)])
        text = text[:at] + text[at + 1 :]
    return worn(text, lang, rng)


def opposite(text: str, lang: str, rng: random.Random) -> str | None:
    """A statement with one word turned round; None where no such word stands in it."""
    both = [pair for one, other_side in TURNED[lang] for pair in ((one, other_side), (other_side, one))]
    found = [(word(old, lang), new) for old, new in both if len(word(old, lang).findall(text)) == 1 and (old in new or new not in text)]
    if not found:
        return None
    old, new = rng.choice(found)
    return old.sub(new, text)


def shortened(text: str, lang: str, rng: random.Random) -> str | None:
    """A statement without one of its later clauses; None where it has but two."""
    clauses = re.split("[，；]" if lang == "zh" else ", |; ", text.rstrip("。."))
    if len(clauses) < 3:
        return None
    clauses.pop(rng.randrange(1, len(clauses)))
    return ("，" if lang == "zh" else ", ").join(clauses)


def near_pairs(corpus: Path, bank: dict[str, Row], rng: random.Random) -> list[Pair]:
    """Statements beside nearly the same words, under every label.

    Who writes a false text keeps the words of the true one, and who says the same thing anew avoids them: without these pairs many shared words are a sign of a
    contradiction.

    True and false statements alike are entailed by their light rewordings; one turned word makes a contradiction, a clause left out a half (counterfactual
    data, Kaushik et al., 2020, "Learning the Difference That Makes a Difference with Counterfactually-Augmented Data").
    """
    of: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in spoken(corpus, bank):
        of[row["question"], row["lang"]][row["point"]].append(row)
    out: list[Pair] = []
    add = partial(beside, out)
    for (qid, lang), pid, voices in ((key, pid, voices) for key, points in of.items() for pid, voices in points.items()):
        point = next(k for k in bank[qid]["key_points"] if k["id"] == pid)
        others = [row["true"] for other_id, some in of[qid, lang].items() if other_id != pid for row in some]
        stop = "。" if lang == "zh" else ". "
        row = rng.choice(voices)
        for statement in (point[lang], row["true"]):
            add(statement, lightly(statement, lang, rng), 0, qid, "near")
            if others:
                parts = [lightly(statement, lang, rng), rng.choice(others)]
                rng.shuffle(parts)
                add(statement, stop.join(part.rstrip("。. ") for part in parts), 0, qid, "near")
            turned = opposite(statement, lang, rng)
            if turned:
                pair = [statement, turned]
                rng.shuffle(pair)
                add(pair[0], lightly(pair[1], lang, rng), LABELS.index("contradicts"), qid, "near")
            short = shortened(statement, lang, rng)
            if short:
                add(statement, lightly(short, lang, rng), LABELS.index("partly"), qid, "near")
        add(row["false"], lightly(row["false"], lang, rng), 0, qid, "near-false")
        if others:
            add(rng.choice(others), lightly(row["true"], lang, rng), LABELS.index("unrelated"), qid, "near")
    return out


MARKED = {"correct": LABELS.index("entails"), "contradictory": LABELS.index("contradicts"), "incorrect": NOT_SAID}
TOO_LONG = 700
"""Characters of a reference and an answer together beyond which too much of both would be cut off."""


def people_pairs(data: Path, rng: random.Random) -> list[Pair]:
    """What people wrote: answers of students beside references, graded by teachers, and sentences of the same words with the same meaning or another.

    ``data`` holds grading/beetle_3way and grading/saf_en (items.jsonl) and pairs/pawsx_zh (pairs.jsonl). None of it is shipped. Beetle (Dzikovska et al.,
    2013; CC BY 4.0) knows correct, contradictory and neither; SAF (Filighera et al., 2022; CC BY 4.0) correct, partly and not; PAWS-X (Yang et al., 2019;
    free for any use) a paraphrase or none.
    """
    out: list[Pair] = []
    for row in rows(data / "grading" / "beetle_3way" / "items.jsonl"):
        for statement in dict.fromkeys([row["reference"], rng.choice([row["reference"], *row["reference_alts"]])]):
            beside(out, statement, row["answer"], MARKED[row["raw_score"]], f"beetle:{row['qid']}", "beetle")
    for row in rows(data / "grading" / "saf_en" / "items.jsonl"):
        label = {"Correct": 0, "Partially correct": 1, "Incorrect": NOT_ENTAILED}[row["label"]]
        if len(row["reference"]) + len(row["answer"]) < TOO_LONG:
            beside(out, row["reference"], row["answer"], label, f"saf:{row['qid']}", "saf")
    for row in rows(data / "pairs" / "pawsx_zh" / "pairs.jsonl"):
        a, b = rng.sample([row["a"], row["b"]], 2)
        beside(out, a, b, 0 if row["label"] else NOT_WHOLE, f"paws:{row['a']}", "paws")
    return out


CANDID = Path(__file__).parent / "candid"
FIRST_CANDID, MORE_CANDID = ("bank.jsonl", "replies.jsonl"), ("more.jsonl",)


def candid_replies(bank: dict[str, Row], files: Sequence[str] = (*FIRST_CANDID, *MORE_CANDID)) -> Iterator[tuple[Row, Row]]:
    """Entries and replies to them of candidates who had not seen the key points (training/candid), to the bank's questions and to others made for it.

    A language model wrote them, as many different persons of different knowledge, and others graded them, who had not been told what those knew.
    """
    entries = bank | {row["id"]: row for row in rows(CANDID / "questions.jsonl")}
    for name in files:
        yield from ((entries[row["question"]], row) for row in rows(CANDID / name))


def candid_pairs(bank: dict[str, Row], rng: random.Random, files: Sequence[str] = FIRST_CANDID) -> list[Pair]:
    """(key point, reply) pairs of whoever answers from what they know: whole replies beside every key point, the words that decide a verdict beside theirs,
    the false ones beside what they go against, and replies to other questions beside key points of which they say nothing. A reply too long to be read whole
    stands beside nothing."""
    out: list[Pair] = []
    add = partial(beside, out)
    asked: dict[bool, list[tuple[Row, Row]]] = defaultdict(list)
    for entry, row in candid_replies(bank, files):
        lang, qid = row["lang"], row["question"]
        asked[held_out(qid)].append((entry, row))
        points = {k["id"]: k for k in entry["key_points"]}
        against = [pid for pid, verdict in row["points"].items() if verdict == "contradicted"]
        for pid, verdict in row["points"].items():
            statement = points[pid][lang if rng.random() < 0.6 else other(lang)]
            if size(row["text"]) <= WINDOW:
                add(statement, row["text"], LABELS.index(VERDICTS[verdict]), qid, "candid")
            if words := row.get("evidence", {}).get(pid):
                add(points[pid][lang if rng.random() < 0.6 else other(lang)], worn(words, lang, rng), LABELS.index(VERDICTS[verdict]), qid, "candid-words")
        if not row.get("evidence"):
            for words in row["wrong"] if against else ():
                label = LABELS.index("contradicts") if len(against) == 1 == len(row["wrong"]) else NOT_ENTAILED
                add(points[rng.choice(against)][lang], words, label, qid, "candid-words")
        right = [pid for pid, verdict in row["points"].items() if verdict == "hit"]
        if row["wrong"] and right:
            add(points[rng.choice(right)][lang], rng.choice(row["wrong"]), NOT_ENTAILED, qid, "candid-words")
    for some in asked.values():
        for entry, row in some:
            elsewhere, said = rng.choice(some)
            terms = set(content_terms(said["text"]))
            point = rng.choice(entry["key_points"])[rng.choice(["zh", "en"])]
            own = set(content_terms(point))
            if elsewhere["id"] != entry["id"] and len(own & terms) < SHARED_WORDS * len(own) and size(said["text"]) <= WINDOW:
                add(point, said["text"], LABELS.index("unrelated"), row["question"], "candid-elsewhere")
    return out


class Ahead:
    """An encoder whose questions are embedded ahead, in large batches of like length: one at a time they take four times as long."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Any] = {}

    def prepare(self, questions: Iterable[str]) -> None:
        """Embed questions and their glossary translations."""
        texts = list(dict.fromkeys(questions))
        texts += [t for q in texts if (t := translation(q, "en" if language_of(q) == "zh" else "zh"))]
        new = sorted({t for t in texts if t not in self._known}, key=lambda t: (len(t), t))
        for at in range(0, len(new), 256):
            self._known |= zip(new[at : at + 256], self._encoder.queries(new[at : at + 256]), strict=True)

    def queries(self, texts: Sequence[str]) -> Any:
        return np.stack([self._known[t] if t in self._known else self._encoder.queries([t])[0] for t in texts])

    def passages(self, texts: Sequence[str], progress: Any = None) -> Any:
        return self._encoder.passages(texts, progress)

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @property
    def dimension(self) -> int:
        return self._encoder.dimension


def questions_of(corpus: Path, index: Index) -> Iterator[str]:
    """Every question that :func:`answering_pairs` asks."""
    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for row in rows(path):
            if "asks" in row:
                yield from (text for texts in row["asks"].values() for text in texts)
                yield from row["near_miss"].values()
            elif "on" in row:
                yield row["text"]
    yield from (bare_question(p.question) for p in index.passages if p.question)


def bare_question(line: str) -> str:
    """A question line without its number."""
    return re.sub(r"^[\d.、()（）\s]+", "", line)


class Views:
    """Passages of a built index as the judge reads them."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.by_heading: dict[tuple[str, str], list[int]] = defaultdict(list)
        for n, passage in enumerate(searcher.index.passages):
            if passage.question:
                self.by_heading[passage.doc_id, passage.question].append(n)

    def of(self, question: str, number: int, *, headed: bool = True) -> str:
        """A passage as it is read for a question."""
        query = self.searcher.query(question)
        evidence = self.searcher.evidence(query, [Scored(number, 0, 0, 0, 0, 0, 0)])[0]
        return view(evidence.hit.passage, evidence.units, evidence.relevance, headed=headed)

    def handbook(self, entry: Row, language: str) -> list[int]:
        """The passages of the handbook that answer a question of the bank."""
        return self.by_heading.get((f"handbook/{language}/{entry['handbook']}", entry["question"][language]), [])

    def best(self, question: str, numbers: list[int]) -> int | None:
        """The one of some passages whose best unit lies nearest to a question."""
        if not numbers:
            return None
        found = self.searcher.evidence(self.searcher.query(question), [Scored(n, 0, 0, 0, 0, 0, 0) for n in numbers])
        return max(zip(numbers, found, strict=True), key=lambda p: max(p[1].relevance, default=-9))[0]

    def negatives(self, question: str, own: set[tuple[str, ...]], count: int, rng: random.Random) -> list[int]:
        """Passages that search ranks high and that stand under other headings; no definition of a thing that the question names: it may well answer."""
        passages = self.searcher.index.passages
        named = set(concepts(question))
        found = [s.number for s in self.searcher.score(self.searcher.query(question))[2:14]]
        found = [n for n in found if passages[n].heading_path not in own and passages[n].kind != "pointer"]
        found = [n for n in found if not (passages[n].doc_id.endswith(f"/{TERMS}") and named & set(concepts(passages[n].question or "")))]
        return rng.sample(found, min(count, len(found)))

    def quoted(self, on: Row) -> list[int]:
        """The passages of a document that hold a quote."""
        index = self.searcher.index
        document = index.documents.get(on["doc"])
        at = document.source.find(on["quote"]) if document else -1
        return [n for n, p in enumerate(index.passages) if p.doc_id == on["doc"] and p.start <= at < p.end] if at >= 0 else []


def answering_pairs(corpus: Path, bank: dict[str, Row], views: Views, rng: random.Random) -> list[Pair]:
    """(question, passage view) pairs: 1 where the passage answers."""
    return [*_asked(corpus, bank, views, rng), *_lines(bank, views, rng)]


def _asked(corpus: Path, bank: dict[str, Row], views: Views, rng: random.Random) -> list[Pair]:
    """Other wordings of the bank's questions, near misses, and questions on details that a passage answers or leaves out."""
    out: list[Pair] = []
    passages = views.searcher.index.passages

    def own_headings(entry: Row) -> set[tuple[str, ...]]:
        return {passages[n].heading_path for lang in ("zh", "en") for n in views.handbook(entry, lang)}

    def add(question: str, entry: Row, language: str, label: int, source: str) -> None:
        number = views.best(question, views.handbook(entry, language))
        if number is not None:
            out.append(Pair("answers", question, views.of(question, number), label, entry["id"], source))

    def mine(question: str, entry: Row, count: int) -> None:
        for number in views.negatives(question, own_headings(entry), count, rng):
            out.append(Pair("answers", question, views.of(question, number), 0, entry["id"], "mined"))

    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for n, row in enumerate(rows(path)):
            if "asks" in row and row["question"] in bank:
                entry = bank[row["question"]]
                for lang, texts in row["asks"].items():
                    for k, text in enumerate(texts):
                        add(text, entry, lang if k % 2 == 0 else other(lang), 1, "asks")
                        mine(text, entry, 2)
                for lang, text in row["near_miss"].items():
                    add(text, entry, lang, 0, "near-miss")
                    add(text, entry, other(lang), 0, "near-miss")
            elif "on" in row and "handbook" in row["on"] and row["on"]["question"] in bank:
                entry = bank[row["on"]["question"]]
                add(row["text"], entry, row["lang"] if n % 3 else other(row["lang"]), int(row["answered"]), "details")
                if row["answered"] and n % 2 == 0:
                    mine(row["text"], entry, 1)
            elif "on" in row and "doc" in row["on"]:
                number = views.best(row["text"], views.quoted(row["on"]))
                if number is not None:
                    group = f"seed:{passages[number].doc_id}:{passages[number].start}"
                    out.append(Pair("answers", row["text"], views.of(row["text"], number), int(row["answered"]), group, "details-seeds"))
    return out


def _lines(bank: dict[str, Row], views: Views, rng: random.Random) -> list[Pair]:
    """Question lines of the corpus with what stands under them, without the line itself, and with what stands under neighbouring ones."""
    out: list[Pair] = []
    passages = views.searcher.index.passages
    asked = {entry["question"][lang]: qid for qid, entry in bank.items() for lang in ("zh", "en")}
    for number, passage in enumerate(passages):
        if not passage.question or passage.kind == "pointer" or len(passage.text) < len(passage.question) + 30:
            continue
        question = bare_question(passage.question)
        group = asked.get(passage.question, f"line:{passage.question}")
        out.append(Pair("answers", question, views.of(question, number, headed=False), 1, group, "lines"))
        for wrong in views.negatives(question, {passage.heading_path}, 1, rng):
            if passages[wrong].question != passage.question:
                out.append(Pair("answers", question, views.of(question, wrong, headed=rng.random() < 0.5), 0, group, "lines-mined"))
    return out
