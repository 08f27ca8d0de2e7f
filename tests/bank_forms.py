"""What the tests of the bank share: complete entries, a small bank, and arbitrary data to damage them with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rag.bank import Bank
from rag.errors import BankError
from rag.records import Asking, Bilingual, KeyPoint, Question

QUIET = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def entry(**changes: Any) -> dict[str, Any]:
    """A complete entry; ``None`` takes a field out."""
    whole = {
        "id": "relu-why",
        "question": {"zh": "为什么用 ReLU？", "en": "Why use ReLU?"},
        "area": "gradients",
        "difficulty": 2,
        "kind": "why",
        "asked": [{"doc": "seeds/a.txt", "quote": "ReLU 的好处"}],
        "handbook": "gradients.md",
        "key_points": [
            {"id": "k1", "weight": 60, "zh": "ReLU 正侧不饱和。", "en": "ReLU does not saturate on the positive side."},
            {"id": "k2", "weight": 40, "zh": "ReLU 计算便宜。", "en": "ReLU is cheap to compute."},
        ],
        "misconceptions": [{"zh": "ReLU 处处可导。", "en": "ReLU is differentiable everywhere."}],
        "follow_ups": [{"point": "k1", "zh": "负侧呢？", "en": "And the negative side?"}],
        "hints": [{"zh": "看两端。", "en": "Look at both ends."}],
    }
    return {k: v for k, v in {**whole, **changes}.items() if v is not None}


def erratum(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": "pool-rotation",
        "kind": "mistake",
        "doc": "seeds/a.txt",
        "quote": "rotation invariance",
        "right": {"zh": "没有旋转不变性。", "en": "No rotation invariance."},
        "why": {"zh": "池化只容忍小变化。", "en": "Pooling tolerates small changes only."},
        "source": "Goodfellow et al., Deep Learning, 9.3",
    }
    return {k: v for k, v in {**whole, **changes}.items() if v is not None}


class _Plain(yaml.SafeDumper):
    """Writes every value out, also where it is used twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(data, Dumper=_Plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def refusal(load: Callable[[], object]) -> str | None:
    """The message with which a file is refused, on one line; None where it loads. Any other error comes through."""
    try:
        load()
    except BankError as error:
        message = str(error)
    else:
        return None
    assert "\n" not in message
    assert message
    return message


def question(question_id: str, zh: str, en: str = "", *, area: str = "a", difficulty: int = 2, doc: str = "seeds/x.txt", quote: str = "x") -> Question:
    points = (KeyPoint("k1", 100, Bilingual("一", "one")),)
    return Question(question_id, Bilingual(zh, en), area, difficulty, "why", points, (Asking(doc, quote),), handbook="a.md")


BANK = Bank(
    [
        question("vanish", "什么造成梯度消失？", "What causes vanishing gradients?", area="g", doc="seeds/1.txt", quote="什麽造成梯度消失问题? 推导一下"),
        question("dropout", "为什么 dropout 能减轻过拟合？", "Why does dropout relieve overfitting?", area="r", difficulty=1),
        question("explode", "梯度爆炸怎么办？", "How are exploding gradients tamed?", area="g", difficulty=3),
        question("pool", "池化有什么作用？", "What is pooling for?", area="v", doc="notes/1.txt"),
    ]
)


NAMES = st.sampled_from(
    ["id", "question", "area", "difficulty", "kind", "key_points", "asked", "handbook", "misconceptions", "follow_ups", "hints", "weight", "zh", "en"]
)
ERRATA_NAMES = st.sampled_from(["id", "kind", "doc", "quote", "right", "why", "source", "against", "zh", "en"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(["k1", "why", "mistake", "a.md", "seeds/a.txt"])
)


def trees(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=4), inner, max_size=6), max_leaves=25)
