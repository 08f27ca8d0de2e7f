"""Whether two statements that share their words say the opposite: negation, direction, hearsay, and who comes first in a comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text import content_terms, language_of, mentions, normalise

ALIGNED = 0.5
"""A clause is compared with the source clauses that hold at least this share of its words."""
DENIED = 0.75
"""A statement that holds this share of a negated source clause, without its negation, denies it."""

_AFFIRMED = re.compile(r"不得不|不能不|无不|不可避免|不可或缺|not only|nothing but")
_NOT = re.compile(
    r"不(?![仅但过同断论管止妨足])|没(?!收)|无(?![论监穷偏量])|非(?![线常极凸参监零饱对负])|未(?![来知])|勿|"
    r"\b(?:not|no|never|without|cannot|neither|nor|none|hardly|unable|fails?)\b|n't\b"
)
_PREVENT = (
    r"避免|防止|难以|缺乏|缓解|抑制|消除|减轻|解决|克服|克制|(?<!不)减少|降低|\b(?:avoid|prevent|lack|mitigat|alleviat|eas(?:e|es|ing)\b|suppress|eliminat|solv|"
    r"overcom|remov|reduc|combat)\w*"
)
_SOFT = re.compile(_PREVENT)
_CLAUSE = re.compile(
    r"[，,；;。！？!?：:（）()]|\.(?=\s|$)|(?:而且|并且|但是|因此|所以|从而|然而|因为|(?<=[^认以])为了|\b(?:and|but|because|while|whereas|so|which|therefore)\b)"
)
_DIRECTIONS: tuple[tuple[str, str], ...] = (
    (
        r"增加|增大|提高|提升|上升|变大|增强|扩大|加大|\b(?:increas|rais|enlarg|strengthen|boost)\w*",
        rf"减少|减小|降低|下降|变小|减弱|缩小|削弱|\b(?:decreas|reduc|lower|shrink|weaken)\w*|{_PREVENT}",
    ),
    (r"导致|引起|造成|引发|加重|加剧|恶化|更?容易|\b(?:caus|worsen|aggravat|exacerbat|worse\b|lead(?:s|ing)? to)\w*", _PREVENT),
    (r"更快|较快|加快|加速|快于|\b(?:faster|quicker|accelerat\w*|speeds? up)\b", r"更慢|较慢|变慢|减慢|慢于|\b(?:slower|slows?)\b"),
    (
        r"更大|较大|大于|更多|较多|多于|更高|较高|高于|\b(?:larger|bigger|greater|more|higher)\b",
        r"更小|较小|小于|更少|较少|少于|更低|较低|低于|\b(?:smaller|less|fewer|lower)\b",
    ),
    (r"更好|较好|优于|好于|\bbetter\b", r"更差|较差|变差|差于|劣于|\bworse\b"),
    (
        r"(?<!不)容易|易于|(?:降低|减少|减小).{0,12}难度|\b(?:easy|easier|easily)\b",
        r"难以|困难|不易|不容易|(?:增加|提高|增大|加大).{0,12}难度|\b(?:hard|harder|difficult)\b",
    ),
    (r"优点|优势|好处|\b(?:advantage|benefit|strength)s?\b", r"缺点|劣势|坏处|不足|\b(?:disadvantage|drawback|weakness)(?:es|s)?\b"),
    (r"之前|以前|\bbefore\b", r"之后|以后|\bafter\b"),
    (r"最大|\b(?:largest|maximum|maximal|maximi[sz]\w*|highest)\b", r"最小|\b(?:smallest|minimum|minimal|minimi[sz]\w*|lowest)\b"),
    (r"收敛|\bconverg\w*", r"发散|\bdiverg\w*"),
    (r"(?<!欠)过拟合|\boverfit\w*", r"欠拟合|\bunderfit\w*"),
    (r"训练(?:时|阶段|期间)|\b(?:during|at) training\b", r"(?:推理|测试|预测)(?:时|阶段|期间)|\b(?:during|at) (?:inference|test)\w*"),
    (r"消失|弥散|\bvanish\w*", r"爆炸|\bexplod\w*"),
    (r"浅|\bshallow\w*", r"深(?!度学习)|\bdeeper\b"),
    (r"局部|\blocal\w*", r"全局|\bglobal\w*"),
)
_PAIRS = tuple((re.compile(a), re.compile(b)) for a, b in _DIRECTIONS)
_WORSENS = _PAIRS[1]
"""To cause against to prevent: across languages, where a clause shares few words, one such source clause is enough."""
_HEARSAY = re.compile(
    r"(?:都认为|以为|误以为|看似|直觉上|\b(?:believ\w*|thought|assum\w*|seems?)\b)(?P<said>.{4,90}?)(?:但|然而|其实|实际上|却|\bbut\b|\bhowever\b|\bactually\b)"
)
_COMPARED = re.compile(r"(?P<first>.+?)(?:相比于?|比起?|优于|好于|快于|慢于|大于|小于|高于|低于|多于|少于|不如|\bthan\b)(?P<second>.+)")


def disagrees(statement: str, sources: Sequence[str]) -> bool:
    """Whether a statement says the opposite of sources that share its words.

    So it does when one of its clauses differs from every source clause it shares most words with in an odd number of: a negation, a turned
    direction, a comparison the other way round; when it asserts what a source clause denies; and when it asserts what a source only calls a
    belief and then contradicts.
    """
    crossed = language_of(statement) != language_of(" ".join(sources))
    theirs = [(c, _bag(c, crossed=crossed)) for source in sources for c in _clauses(source)]
    own = [(c, _bag(c, crossed=crossed)) for c in _clauses(statement)]
    return (
        any(_turned_round(clause, bag, theirs, crossed=crossed) for clause, bag in own)
        or _denies(statement, [bag for _, bag in own], theirs)
        or _hearsay(statement, sources, crossed=crossed)
    )


def denies(statement: str, sources: Sequence[str]) -> bool:
    """Whether a statement asserts what a clause of a source denies."""
    crossed = language_of(statement) != language_of(" ".join(sources))
    theirs = [(c, _bag(c, crossed=crossed)) for source in sources for c in _clauses(source)]
    return _denies(statement, [_bag(c, crossed=crossed) for c in _clauses(statement)], theirs)


def clauses(text: str) -> list[str]:
    """The clauses of a text as written."""
    return [c.strip() for c in _CLAUSE.split(text) if c.strip()]


def _clauses(text: str) -> list[str]:
    return clauses(_AFFIRMED.sub(" ", normalise(text)))


def _bag(clause: str, *, crossed: bool) -> frozenset[str]:
    """The words of a clause; across languages only the concepts it names."""
    return frozenset(concept for _, concept in mentions(clause)) if crossed else frozenset(content_terms(clause))


def _turned_round(clause: str, bag: frozenset[str], theirs: Sequence[tuple[str, frozenset[str]]], *, crossed: bool) -> bool:
    if len(bag) < (1 if crossed else 2):
        return False
    overlaps = [len(bag & other) for _, other in theirs]
    top = max(overlaps, default=0)
    if top < ALIGNED * len(bag):
        return False
    aligned = [c for (c, _), shared in zip(theirs, overlaps, strict=True) if shared >= 0.9 * top]
    if crossed and any(_turned(clause, other, *_WORSENS) for other in aligned):
        return True
    return all(_opposite(clause, other) for other in aligned)


def _opposite(a: str, b: str) -> bool:
    """Whether two clauses on one matter differ in an odd number of: a negation, a turned direction, a comparison the other way round; or compare
    other things."""
    turned = any(_turned(a, b, up, down) for up, down in _PAIRS)
    one, other = _sides(a), _sides(b)
    if one is not None and other is not None and set(one) != set(other):
        return True
    swapped = one is not None and other is not None and one == other[::-1]
    return (turned + _negated(a, b) + swapped) % 2 == 1


def _negated(a: str, b: str) -> bool:
    """Whether one of two clauses is negated; not where one of them prevents instead, which is a negation in other words."""
    return bool(_NOT.search(a)) != bool(_NOT.search(b)) and bool(_SOFT.search(a)) == bool(_SOFT.search(b))


def _turned(a: str, b: str, up: re.Pattern[str], down: re.Pattern[str]) -> bool:
    signs = [(bool(up.search(c)), bool(down.search(c))) for c in (a, b)]
    return signs in ([(True, False), (False, True)], [(False, True), (True, False)])


def _denies(statement: str, own: Sequence[frozenset[str]], theirs: Sequence[tuple[str, frozenset[str]]]) -> bool:
    """Whether a statement without any negation holds the words of a negated source clause."""
    plain = _AFFIRMED.sub(" ", normalise(statement))
    if _NOT.search(plain) or not own:
        return False
    words = frozenset().union(*own)
    prevents = bool(_SOFT.search(plain))
    return any(
        sum(not t.startswith("§") for t in bag) >= 2
        and len(bag & words) >= DENIED * len(bag)
        and _NOT.search(clause)
        and bool(_SOFT.search(clause)) == prevents
        for clause, bag in theirs
    )


def _hearsay(statement: str, sources: Sequence[str], *, crossed: bool) -> bool:
    """Whether a statement asserts what a source reports as a belief and contradicts in the same breath."""
    plain = normalise(statement)
    if re.search(r"认为|以为|看似|\b(?:believ|thought|assum|seem)", plain):
        return False
    words = _bag(plain, crossed=crossed)
    told = [_bag(m.group("said"), crossed=crossed) for source in sources for m in _HEARSAY.finditer(normalise(source))]
    return any(len(bag) >= 2 and len(bag & words) >= DENIED * len(bag) for bag in told)


def _sides(clause: str) -> tuple[str, str] | None:
    """The things on both sides of a comparison."""
    match = _COMPARED.match(clause)
    if not match:
        return None
    first, second = [c for _, c in mentions(match.group("first"))], [c for _, c in mentions(match.group("second"))]
    if not first or not second or first[0] == second[0]:
        return None
    return first[0], second[0]
