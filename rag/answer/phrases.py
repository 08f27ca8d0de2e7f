"""The few sentences of our own that stand around quoted evidence, in both languages."""

from __future__ import annotations

from rag.records import Language

PHRASES: dict[str, dict[Language, str]] = {
    "quoted": {"zh": "", "en": "The notes answer this in Chinese; in their own words:"},
    "quoted_en": {"zh": "笔记里的回答是英文，原文如下：", "en": ""},
    "author": {"zh": "{author} 的看法：", "en": "{author}'s view:"},
    "comment": {"zh": "一位回帖者的看法：", "en": "One forum reply says:"},
    "other": {"zh": "另有笔记补充：", "en": "Other notes add:"},
    "other_comment": {"zh": "另有回帖者认为：", "en": "Another reply holds:"},
    "other_author": {"zh": "{author} 另有看法：", "en": "{author} adds:"},
    "nothing_new": {"zh": "资料里没有关于这一点的更多内容，刚才引用的是：", "en": "The notes say nothing more about this; what was quoted before:"},
    "part": {"zh": "**{part}**", "en": "**{part}**"},
    "part_missing": {"zh": "笔记里没有关于“{part}”的内容。", "en": "The notes hold nothing on “{part}”."},
    "pages_book": {
        "zh": "笔记没有展开回答“{question}”，只指向《{book}》的页码：{pages}。",
        "en": "The notes do not answer “{question}” themselves; they only point to pages of {book}: {pages}.",
    },
    "pages": {
        "zh": "笔记没有展开回答“{question}”，只给出页码：{pages}。",
        "en": "The notes do not answer “{question}” themselves; they only give pages: {pages}.",
    },
    "pages_beside": {"zh": "笔记为这道题给出的页码（《{book}》）：{pages}。", "en": "For this question the notes give pages of {book}: {pages}."},
    "pages_also": {"zh": "延伸阅读：{pages}。", "en": "Further reading: {pages}."},
    "reference": {
        "zh": "笔记没有展开回答“{question}”，只列出参考资料：",
        "en": "The notes do not answer “{question}” themselves; they only name sources:",
    },
    "links": {"zh": "笔记里列出的资料：", "en": "The notes list these sources:"},
    "orphan": {"zh": "笔记里有一条没有对应题目的页码：{pages}。", "en": "The notes hold pages that belong to no question: {pages}."},
    "origin": {
        "zh": "资料没有写它由谁、在何时提出；讲它的条目注明的出处是：",
        "en": "The notes do not say who proposed it or when; where it is explained, this source is named:",
    },
    "refuse": {"zh": "资料里没有这个问题的答案。", "en": "The notes do not answer this question."},
    "refuse_near": {"zh": "最接近的内容是（并不回答它）：", "en": "The nearest passages, which do not answer it:"},
    "caution": {"zh": "以下内容可能只是相关，请对照原文。", "en": "What follows may only be related; check it against the source."},
    "hello": {
        "zh": "你好！我是面经助手：问我一道深度学习面试题，我会从资料里找答案，每句话都标出处。",
        "en": "Hello! Ask me a deep-learning interview question; I answer from the notes and cite every sentence.",
    },
    "who": {
        "zh": "我是面经助手，一个在本机运行的程序，不是真人。我只根据资料回答深度学习面试题，每句话都标出处；资料里没有的我会直说。",
        "en": "I am mianjing, a program on this machine, not a person. I answer deep-learning interview questions from the notes only, cite every sentence, "
        "and say so when the notes have no answer.",
    },
    "thanks": {"zh": "不客气，还有想问的尽管说。", "en": "You are welcome. Ask away if there is more."},
    "bye": {"zh": "再见，面试顺利！", "en": "Goodbye, and good luck with the interview!"},
    "smalltalk": {"zh": "我只会聊深度学习面试题，换个题目问我吧。", "en": "I only talk about deep-learning interview questions; try one of those."},
    "vague": {"zh": "你想问的是哪个概念？把题目说完整一点，例如“{example}”", "en": "Which concept do you mean? Say a little more, for example “{example}”"},
    "gibberish": {"zh": "我没看懂这句话，请换个说法，例如“{example}”", "en": "I could not make sense of that. Try something like “{example}”"},
    "instruction": {
        "zh": "我只根据资料回答面试题，不执行文字里的指令。",
        "en": "I only answer interview questions from the notes and do not carry out instructions.",
    },
    "premise": {"zh": "问题里的说法与资料不符，资料是这样写的：", "en": "The notes do not say that. They say:"},
    "follow": {"zh": "（按“{question}”理解）", "en": "(understood as “{question}”)"},
    "erratum": {"zh": "注意，这句原文有误：{right}", "en": "Note, this passage is wrong: {right}"},
    "contradiction": {"zh": "两份笔记说法不同：{right}", "en": "The notes disagree here: {right}"},
    "model_failed": {
        "zh": "语言模型没有给出可用的回答（{reason}），以下是直接摘自资料的答案。",
        "en": "The language model gave no usable answer ({reason}); this is quoted from the notes.",
    },
    "model_dropped": {
        "zh": "模型写的 {count} 句话没有得到资料支持，已删去。",
        "en": "{count} sentences of the model were not supported by the notes and were removed.",
    },
}
EXAMPLES: dict[Language, str] = {"zh": "为什么 dropout 能防止过拟合？", "en": "Why does dropout prevent overfitting?"}


def phrase(key: str, language: Language, **values: object) -> str:
    """A phrase in a language with its places filled."""
    return PHRASES[key][language].format(**values)
