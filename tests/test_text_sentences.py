"""Sentence boundaries: exact offsets, nothing lost, nothing cut apart that belongs together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SEEDS

from rag.text import split_sentences

WRITTEN = st.text(alphabet=st.sampled_from(list("卷积。！？；;.!? \n\t（）()$`[]<>\"”」'abcAB12:：,，-*\u2028\u3000")), max_size=120)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("一句。两句！三句？", ["一句。", "两句！", "三句？"]),
        ("他说：“对。”然后走了。", ["他说：“对。”", "然后走了。"]),
        ("真的吗？！是的。", ["真的吗？！", "是的。"]),
        ("只看局部。**有效感受野**更小。", ["只看局部。", "**有效感受野**更小。"]),
        ("**全句都重要。**后一句。", ["**全句都重要。**", "后一句。"]),
        ("He said *so.* Then he left.", ["He said *so.*", "Then he left."]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("See Fig. 3 and e.g. VGG. Next one.", ["See Fig. 3 and e.g. VGG.", "Next one."]),
        ("Goodfellow et al. Deep Learning is the book.", ["Goodfellow et al. Deep Learning is the book."]),
        ("The rate is 0.5 at first. Then it falls.", ["The rate is 0.5 at first.", "Then it falls."]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("a line that an editor wrapped\nin the middle goes on", ["a line that an editor wrapped\nin the middle goes on"]),
        ("（括号里。不断开）结束。", ["（括号里。不断开）结束。"]),
        ("公式 $a = 1. b = 2。$ 之后。", ["公式 $a = 1. b = 2。$ 之后。"]),
        ("$$x = 1.\n\ny = 2。$$", ["$$x = 1.\n\ny = 2。$$"]),
        ("代码 `f(x)。g` 之后。", ["代码 `f(x)。g` 之后。"]),
        ("见 [标题。一](http://a.b/c?d) 好。", ["见 [标题。一](http://a.b/c?d) 好。"]),
        ("见 https://a.b/c?d=1 好。", ["见 https://a.b/c?d=1 好。"]),
        ('It asks "is it there?", the other "how strong?", and so on.', ['It asks "is it there?", the other "how strong?", and so on.']),
        ('To ask "why?" and "how?" helps. Do it!', ['To ask "why?" and "how?" helps.', "Do it!"]),
        ("先问“为什么？”，再问“怎么做？”。好。", ["先问“为什么？”，再问“怎么做？”。", "好。"]),
        ("缺点；优点", ["缺点；", "优点"]),
        ("", []),
        (" \n\t ", []),
        ("。", ["。"]),
        ("前\u2028后", ["前\u2028后"]),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def check(text: str) -> None:
    spans = split_sentences(text)
    at = 0
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(st.one_of(WRITTEN, st.text(max_size=200)))
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    check(text)


@given(WRITTEN)
def test_splitting_depends_on_the_text_alone(text: str) -> None:
    assert split_sentences(text) == split_sentences(text)


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.name[:3])
def test_the_seeds_lose_nothing(path: Path) -> None:
    check(path.read_text(encoding="utf-8"))


def test_a_long_text_takes_linear_time() -> None:
    assert len(split_sentences("这是一句话。" * 20000)) == 20000
    assert len(split_sentences("(" * 50000)) == 1
