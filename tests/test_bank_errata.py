"""Known mistakes of documents: reading them, and finding those that a cited span shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bank_forms import ERRATA_NAMES, QUIET, SCALARS, erratum, refusal, trees, write
from hypothesis import given
from hypothesis import strategies as st

from rag.bank import Errata, load_errata
from rag.errors import BankError
from rag.records import Asking, Bilingual, Erratum


def test_errata_load(tmp_path: Path) -> None:
    both = erratum(id="two", kind="contradiction", quote=" 不变 ", against=[{"doc": "seeds/b.txt", "quote": "等变"}])
    first, second = load_errata(write(tmp_path / "errata.yaml", [erratum(), both]))
    assert first == Erratum(
        "pool-rotation",
        "mistake",
        "seeds/a.txt",
        "rotation invariance",
        Bilingual("没有旋转不变性。", "No rotation invariance."),
        Bilingual("池化只容忍小变化。", "Pooling tolerates small changes only."),
        "Goodfellow et al., Deep Learning, 9.3",
    )
    assert (second.kind, second.quote, second.against) == ("contradiction", " 不变 ", (Asking("seeds/b.txt", "等变"),))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"kind": "typo"}, "kind: got 'typo'; accepted: mistake, contradiction"),
        ({"doc": "C:\\a.txt"}, "doc: got 'C:\\\\a.txt'; accepted: a path relative"),
        ({"quote": None}, "quote: missing"),
        ({"right": "x"}, "right: got 'x'; accepted: a mapping"),
        ({"source": None}, "source: missing"),
        ({"kind": "contradiction"}, "against: missing; accepted: a list of 1 to 200 items"),
        ({"against": [{"doc": "b.txt", "quote": "x"}]}, "against: got a list of 1; accepted: only an entry of kind contradiction"),
        ({"note": "x"}, "note: unknown field"),
    ],
)
def test_errata_faults(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(BankError) as caught:
        load_errata(write(tmp_path / "errata.yaml", [erratum(**changes)]))
    assert f"entry 'pool-rotation' (line 1): {what}" in str(caught.value)


def test_errata_ids_and_files(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"id: already used in .*errata.yaml \(line 1\)"):
        load_errata(write(tmp_path / "errata.yaml", [erratum(), erratum(quote="x")]))
    with pytest.raises(BankError, match="cannot be read"):
        load_errata(tmp_path / "none.yaml")


def make_erratum(erratum_id: str, quote: str, doc: str = "seeds/a.txt", against: tuple[Asking, ...] = ()) -> Erratum:
    return Erratum(erratum_id, "contradiction" if against else "mistake", doc, quote, Bilingual("对", "right"), Bilingual("因", "why"), "source", against)


def test_errata_by_span() -> None:
    source = "0123 wrong 456 wrong 789"
    errata = Errata([make_erratum("w", "wrong"), make_erratum("late", "789"), make_erratum("gone", "absent"), make_erratum("else", "0123", "seeds/b.txt")])

    def ids(start: int, end: int, doc_id: str = "seeds/a.txt", text: str = source) -> list[str]:
        return [e.id for e in errata.for_span(doc_id, start, end, text)]

    assert ids(0, len(source)) == ["w", "late"]
    assert ids(9, 10) == ["w"]
    assert ids(0, 5) == ids(10, 15) == []
    assert ids(16, 17, "a.txt") == ["w"]
    assert ids(0, 24, "other/a.txt") == []
    assert ids(0, 5, text="wrong") == ["w"]
    assert ids(0, 24) == ["w", "late"]
    assert [e.id for e in errata.for_document("b.txt")] == ["else"]
    assert Errata().for_span("a.txt", 0, 9, source) == []


def test_a_contradiction_is_known_at_each_side() -> None:
    both = make_erratum("c", "不变", against=(Asking("seeds/b.txt", "等变"),))
    errata = Errata([both])
    assert errata.for_span("seeds/b.txt", 0, 4, "卷积等变") == [both]
    assert errata.for_span("seeds/a.txt", 0, 4, "卷积不变") == [both]
    assert errata.for_span("seeds/a.txt", 0, 4, "卷积等变") == []


@QUIET
@given(data=st.lists(st.dictionaries(ERRATA_NAMES, trees(ERRATA_NAMES)) | st.dictionaries(ERRATA_NAMES, SCALARS).map(lambda d: {**erratum(), **d}), max_size=3))
def test_any_errata_load_or_are_refused(tmp_path: Path, data: Any) -> None:
    file = write(tmp_path / "errata.yaml", data)
    if refusal(lambda: load_errata(file)) is None:
        assert len(load_errata(file)) == len(data)
