"""How sentences are put together to a text and to a page."""

from __future__ import annotations

from rag.records import Answer, Sentence, join_sentences
from rag.ui.talk import answer_html

LONG_ITEMS = (
    Sentence("Two kinds.", kind="paragraph"),
    Sentence("Small ones are noisy;", kind="item"),
    Sentence("large ones are not.", kind="claim"),
    Sentence("Both shuffle.", kind="item"),
    Sentence("The rest follows.", kind="paragraph"),
    Sentence("It is short.", kind="claim"),
)


def test_a_sentence_that_follows_an_item_stays_in_it() -> None:
    expected = "Two kinds.\n- Small ones are noisy; large ones are not.\n- Both shuffle.\n\nThe rest follows. It is short."
    assert join_sentences(LONG_ITEMS) == expected
    page = answer_html(Answer("?", "?", "en", LONG_ITEMS), 0, "en")
    assert page.count("<li>") == 2
    assert "<li>Small ones are noisy; large ones are not.</li><li>Both shuffle.</li></ul><p>The rest follows. It is short.</p>" in page
