"""The words of a report in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rag.records import Bilingual, Language, Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """Everything a report says by itself."""

    title: str
    total: str
    nothing: str
    counts: str
    areas: str
    area: str
    score: str
    to_read: str
    questions: str
    skipped: str
    reply: str
    again: str
    follow_up: str
    declined: str
    points: str
    weight: str
    wrong: str
    against: str
    misconception: str
    source: str
    read: str
    best: str
    lifted: str
    corrected: str
    colon: str
    verdicts: Mapping[Verdict, str]


ZH = Words(
    title="模拟面试报告",
    total="总分",
    nothing="没有作答，没有总分",
    counts="答了 {answered} 题，跳过 {skipped} 题，没问到 {unasked} 题",
    areas="各领域",
    area="领域",
    score="得分",
    to_read="接下来先读这几处",
    questions="逐题",
    skipped="这题跳过了。",
    reply="你的回答",
    again="第 {n} 次回答",
    follow_up="追问",
    declined="没有回答。",
    points="要点",
    weight="{weight} 分",
    wrong="说错的地方",
    against="要点是",
    misconception="常见的误解",
    source="出处",
    read="读",
    best="最好一次",
    lifted="含追问",
    corrected="考生更正",
    colon="：",
    verdicts={"hit": "✓ 说到", "partial": "◐ 说到一半", "missed": "✗ 漏了"},
)
EN = Words(
    title="Mock interview report",
    total="Total",
    nothing="Nothing was answered, so there is no total",
    counts="{answered} answered, {skipped} skipped, {unasked} not reached",
    areas="By area",
    area="Area",
    score="Score",
    to_read="Read these next",
    questions="Question by question",
    skipped="You skipped this one.",
    reply="Your reply",
    again="Reply {n}",
    follow_up="Follow-up",
    declined="No reply.",
    points="Key points",
    weight="{weight} points",
    wrong="What was wrong",
    against="the key point",
    misconception="a common misconception",
    source="Source",
    read="Read",
    best="best",
    lifted="follow-up included",
    corrected="corrected by the candidate",
    colon=": ",
    verdicts={"hit": "✓ said", "partial": "◐ half said", "missed": "✗ missed"},
)


def words(language: Language) -> Words:
    """The words of that language."""
    return ZH if language == "zh" else EN


AREAS: Mapping[str, Bilingual] = {
    "convolution": Bilingual("卷积网络", "Convolution"),
    "craft": Bilingual("面试与职业", "Interview craft"),
    "gradients": Bilingual("激活与梯度", "Activations and gradients"),
    "llm": Bilingual("大模型", "Large language models"),
    "optimisation": Bilingual("优化与损失", "Optimisation and loss"),
    "regularisation": Bilingual("正则化", "Regularisation"),
    "sequence": Bilingual("序列与文本", "Sequences and text"),
    "theory": Bilingual("理论与表示", "Theory and representation"),
    "vision": Bilingual("视觉与经典网络", "Vision and classic networks"),
}
"""The areas of the bank that comes with the program."""


def area_name(area: str, language: Language) -> str:
    """The name of an area; one of somebody's own documents or bank is its own name."""
    return AREAS[area].in_language(language) if area in AREAS else area
