"""The one tokenizer of index and query.

Chinese is cut by jieba's search mode with this project's deep-learning dictionary, Latin words are stemmed lightly, and every known
concept adds one language-free token, so that ``vanishing gradient`` and ``梯度弥散`` meet. The dictionary is ``rag/data/terms.tsv``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from rag.text.normal import normalise

if TYPE_CHECKING:
    import jieba

TOKENIZER_VERSION = 8
CONCEPT = "§"

_BORDER = re.compile(r"(?<=[a-z0-9]) (?=[\u2e80-\uffff])|(?<=[\u2e80-\uffff]) (?=[a-z0-9])")
_DEGREE = re.compile(r"(?<=[\u4e00-\u9fff])(?:极其|极度|极为|极端|极|严重|非常|十分|特别|高度|太|很|相当|比较)(?=不[\u4e00-\u9fff])")
_RUN = re.compile(r"(?P<cjk>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)|(?P<word>[a-z0-9α-ω∞∂∇]+(?:[-_.+#'/][a-z0-9]+)*[+#]*)")
_PIECE = re.compile(r"[a-z0-9α-ω∞∂∇]+")
_MEAN_PRECISION = re.compile(r"(?<![A-Za-z])mAP(?![A-Za-z])")
"""The metric, which in small letters is the map of a feature map."""
_ALPHA_NUM = re.compile(r"^([a-z]{2,})(\d+)$")

STOP_ZH = frozenset(
    "的 了 是 在 和 与 或 也 都 就 而 及 着 过 吗 呢 吧 啊 呀 么 嘛 哦 哈 把 被 让 给 对 从 到 向 于 以 为 因为 所以 但是 但 如果 那么 那 这 这个 那个 这些 "
    "那些 "
    "这样 那样 它 他 她 我 你 我们 你们 他们 它们 自己 一个 一些 一下 一种 有 没有 没 不 很 更 最 太 非常 比较 还 还是 又 再 才 只 只是 可以 能 能够 会 要 "
    "应该 需要 可能 怎么 怎样 如何 什么 为什么 为啥 啥 咋 哪 哪个 哪些 哪里 谁 多少 几 几个 是不是 有没有 能不能 请 请问 一般 通常 其实 之间 里 里面 中 上 下 "
    "时 时候 之后 之前 后 前 来 去 做 用 说 讲 讲讲 说说 谈谈 解释 介绍 简单 简述 分别 各自 等 等等 即 其 并 且 并且 以及 及其 关于 有关 跟 同 比 像 到底 "
    "究竟 具体 主要 常见 常用 一定 就是 不是 都是 还有 有什么 是什么 怎么样 怎么办 为何 何 么样 这么 那么样 得 地 个 种 些 点 下面 上面".split()
)
STOP_EN = frozenset(
    "a an the of to in on at for by with from into as is are was were be been being do does did doing have has had having it its this that these those "
    "i you he she we they me my your his her our their them us what which who whom whose why how when where there here and or but if then than so such "
    "not no nor can could should would will shall may might must just about also only very more most some any all each other another one ones over under "
    "between during before after up down out off again once same own too s t don explain describe tell please give list mean means meant get got use used "
    "using make makes made like let s me".split()
)
ASKING = frozenset(
    "question problem answer example reason method difference advantage drawback disadvantage principle purpose effect definition comparison application "
    "mechanism mean performance computation".split()
)
"""Concepts of how something is asked."""
ANY_FIELD = ASKING | frozenset(
    "implementation explain solution step increase decrease improvement property challenge experience code error efficiency history beginner meaning".split()
)
"""Concepts that questions of any field name."""


@dataclass(frozen=True, slots=True)
class _Dictionary:
    zh: dict[str, str]
    en: dict[tuple[str, ...], str]
    longest_zh: int
    longest_en: int


def _rows() -> Iterable[tuple[str, list[str], list[str]]]:
    text = (files("rag") / "data" / "terms.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            cells = [*line.split("\t"), "", ""]
            yield cells[0].strip(), [f for f in cells[1].split("|") if f], [f for f in cells[2].split("|") if f]


@lru_cache(maxsize=1)
def _dictionary() -> _Dictionary:
    zh: dict[str, str] = {}
    en: dict[tuple[str, ...], str] = {}
    for concept, zh_forms, en_forms in _rows():
        for form in zh_forms:
            plain = normalise(form)
            if any(ord(c) > 0x2E80 for c in plain):
                zh.setdefault(plain.replace(" ", ""), concept)
            else:
                en.setdefault(tuple(_words(plain)), concept)
        for form in en_forms:
            words = tuple(_words(normalise(form)))
            if words:
                en.setdefault(words, concept)
    return _Dictionary(zh, en, max(map(len, zh), default=1), max(map(len, en), default=1))


@lru_cache(maxsize=1)
def _segmenter() -> jieba.Tokenizer:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    segmenter.initialize()
    for form in _dictionary().zh:
        if all(ord(c) > 0x2E80 for c in form):
            segmenter.add_word(form)
    return segmenter


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A light English stem: the Snowball (Porter2) stem for words of five letters or more, plural ``s`` below; digits and mixed
    tokens such as ``1x1`` or ``relu6`` stay."""
    if not word.isascii() or not word.isalpha():
        return word
    if len(word) < 5:
        return word[:-1] if len(word) == 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from snowballstemmer import stemmer

    return stemmer("english")


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """A word without its plural ending; for dictionary look-up, where a real stem would join ``local`` and ``localization``."""
    if not word.isascii() or not word.isalpha() or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _words(plain: str) -> list[str]:
    return [singular(piece) for piece in _PIECE.findall(plain)]


def _cjk_tokens(run: str) -> list[str]:
    return [token for token in _segmenter().cut_for_search(run, HMM=True) if token.strip()]


def _word_tokens(word: str) -> list[str]:
    pieces = [stem(piece) for piece in _PIECE.findall(word)]
    tokens = list(pieces)
    if len(pieces) > 1:
        tokens.append("".join(pieces))
    else:
        split = _ALPHA_NUM.match(word)
        if split:
            tokens.extend([stem(split.group(1)), split.group(2)])
    return tokens


def tokenize(text: str) -> list[str]:
    """Tokens for lexical matching, in reading order; concept tokens (``§id``) follow the words.

    Never raises; white space, punctuation and unknown symbols give nothing. The same text gives the same tokens in every process.
    """
    plain = _plain(text)
    tokens: list[str] = []
    for match in _RUN.finditer(plain):
        if match.group("cjk"):
            tokens.extend(_cjk_tokens(match.group("cjk")))
        else:
            tokens.extend(_word_tokens(match.group("word")))
    tokens.extend(CONCEPT + concept for concept in _find_concepts(plain))
    return tokens


def _find_concepts(plain: str) -> list[str]:
    """Known concepts in normalised text in reading order, with repetition."""
    return [concept for _, _, concept in _concept_spans(_tight(plain))]


def _tight(plain: str) -> str:
    """Normalised text without the spaces between ideographs."""
    return re.sub(r"(?<=[\u2e80-\uffff]) (?=[\u2e80-\uffff])", "", plain)


def _squeezed(text: str) -> str:
    return _tight(_plain(text))


def _plain(text: str) -> str:
    """Normalised text, with the metric that only its capitals tell from another word written out."""
    return normalise(_MEAN_PRECISION.sub("mean average precision", text))


def _concept_spans(squeezed: str) -> list[tuple[int, int, str]]:
    """(start, end, concept) in normalised text, by start, longer ones first.

    Longest match first; a shorter concept inside a longer one counts too (``loss`` inside ``loss function``), a partial overlap
    does not.
    """
    book = _dictionary()
    found: list[tuple[int, int, str]] = []
    # "KL 散度" is "KL散度": a space between Latin and Chinese letters parts nothing.
    apart = {m.start() for m in _BORDER.finditer(squeezed)}
    # "样本极不平衡" is "样本不平衡": how much of it is no part of the name.
    apart.update(i for m in _DEGREE.finditer(squeezed) for i in range(*m.span()))
    kept = [i for i in range(len(squeezed)) if i not in apart]
    tight = "".join(squeezed[i] for i in kept)
    reach = 0
    for i in range(len(tight)):
        if ord(tight[i]) > 0x2E80 or tight[i].isalnum():
            for length in range(min(book.longest_zh, len(tight) - i), 1, -1):
                concept = book.zh.get(tight[i : i + length])
                if concept and (i >= reach or i + length <= reach) and not _inside_word(tight, i):
                    found.append((kept[i], kept[i + length - 1] + 1, concept))
                    reach = max(reach, i + length)
    pieces = [m for m in _PIECE.finditer(squeezed) if squeezed[m.start() - 1 : m.start()] != "\\"]  # LaTeX's \ln is no word
    words = [singular(m.group()) for m in pieces]
    reach = 0
    for j in range(len(words)):
        for length in range(min(book.longest_en, len(words) - j), 0, -1):
            concept = book.en.get(tuple(words[j : j + length]))
            if concept and (j >= reach or j + length <= reach) and _adjacent(squeezed, pieces, j, length):
                found.append((pieces[j].start(), pieces[j + length - 1].end(), concept))
                reach = max(reach, j + length)
    return sorted(found, key=lambda item: (item[0], -item[1], item[2]))


def _inside_word(text: str, at: int) -> bool:
    """Whether a Latin letter or digit goes on a word that begins before it ("vae算法" holds no "e算法")."""
    return at > 0 and all(c.isascii() and c.isalnum() for c in text[at - 1 : at + 1])


def _adjacent(plain: str, pieces: list[re.Match[str]], first: int, length: int) -> bool:
    return all(len(plain[pieces[k].end() : pieces[k + 1].start()].strip()) <= 1 for k in range(first, first + length - 1))


def mentions(text: str) -> list[tuple[str, str]]:
    """The longest mentions of concepts in a text as (words as normalised, concept id), in reading order, without repetition."""
    plain = _squeezed(text)
    spans = _concept_spans(plain)
    outer = [(s, e, c) for s, e, c in spans if not any(a <= s and e <= b and (a, b) != (s, e) for a, b, _ in spans)]
    return list(dict.fromkeys((plain[s:e], c) for s, e, c in outer))


PARTS_SHARE = 0.6
"""How much of a name's letters its parts must make up to say what it says: "深层网络" and "训练" do in "深层网络难训练"."""


def compounds(text: str) -> dict[str, tuple[str, ...]]:
    """The concepts named in a text that are made of other concepts for the most part, each with those."""
    spans = _concept_spans(_squeezed(text))
    found: dict[str, tuple[str, ...]] = {}
    for start, end, concept in spans:
        inner = [(s, e, c) for s, e, c in spans if start <= s and e <= end and (s, e) != (start, end)]
        if len({i for s, e, _ in inner for i in range(s, e)}) >= PARTS_SHARE * (end - start):
            found[concept] = tuple(dict.fromkeys(c for _, _, c in inner))
    return found


def glossed_share(text: str) -> float:
    """How much of a text's content words names concepts of the glossary, by ideographs; a Latin word counts as two. 0 where there are none.

    What an interview in another field asks ("the batch size of a craft brewery") may name a concept, but does so among words that name none.
    """
    plain = _squeezed(text)
    named = {i for start, end, concept in _concept_spans(plain) if concept not in ANY_FIELD for i in range(start, end)}
    total, glossed = 0, 0
    for run in _RUN.finditer(plain):
        if run.group("cjk"):
            at = run.start()
            for word in _segmenter().cut(run.group()):
                if word not in STOP_ZH:
                    total += len(word)
                    glossed += sum(i in named for i in range(at, at + len(word)))
                at += len(word)
        else:
            for piece in _PIECE.finditer(run.group()):
                if piece.group() not in STOP_EN:
                    total += 2
                    glossed += 2 * (run.start() + piece.start() in named)
    return glossed / total if total else 0.0


@lru_cache(maxsize=2)
def first_forms(language: str) -> dict[str, str]:
    """The glossary's first form of each concept in a language; concepts without one are left out."""
    return {concept: forms[0] for concept, zh, en in _rows() if (forms := zh if language == "zh" else en)}


def concepts(text: str) -> list[str]:
    """The ids of the dictionary's concepts named in a text, in reading order, without repetition."""
    return list(dict.fromkeys(_find_concepts(_plain(text))))


def content_terms(text: str) -> list[str]:
    """The tokens that carry a question's meaning: no function words, no question words, without repetition."""
    return [t for t in dict.fromkeys(tokenize(text)) if t not in STOP_ZH and t not in STOP_EN and not (len(t) == 1 and t.isascii())]
