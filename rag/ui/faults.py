"""Errors of the layers below, said in the reader's language: what is wrong, the value, what to do."""

from __future__ import annotations

import re

from rag.records import Language

_KNOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"has no interview"), "这场面试已经不在了，请重新开始一场。"),
    (re.compile(r"went on elsewhere"), "这场面试在另一个窗口里继续了，请重新打开它。"),
    (re.compile(r"a profile named '(?P<name>.*)' already"), "已经有叫“{name}”的人了，换个名字。"),
    (re.compile(r"a profile name has 1 to (?P<most>\d+)"), "名字要有 1 到 {most} 个可见字符。"),
    (re.compile(r"there is no profile"), "这个人的记录已经不在了，请换一个人或新建。"),
    (re.compile(r"no question of area"), "所选的领域和难度里没有题目，放宽一些再试。"),
    (re.compile(r"no question is due now"), "现在没有到期的题目，换一种方式选题。"),
    (re.compile(r"no question is asked in (?P<doc>.*) in the chosen areas"), "所选领域里没有出自 {doc} 的题目，换一份资料或放宽领域。"),
    (re.compile(r"must be 1 to (?P<most>\d+)"), "题数要在 1 到 {most} 之间。"),
    (re.compile(r"needs the id of a document"), "还没有选资料。"),
    (re.compile(r"the reply is empty"), "回答是空的；写点内容，或者跳过这道题。"),
    (re.compile(r"interview: cannot |nothing is asked now"), "现在不能这样做，请刷新页面再试。"),
    (re.compile(r"no conversation"), "这段对话已经不在了。"),
    (re.compile(r"newer version"), "记录是由更新版本的程序写的，请升级 mianjing。"),
)
_PREFIX = re.compile(r"^(?:history|interview|corpus|config): ")


def fault(error: Exception, language: Language) -> str:
    """The message of an error for a person; what has no words of its own in Chinese keeps its detail in the original."""
    text = str(error)
    if language == "en":
        plain = _PREFIX.sub("", text)
        return plain[:1].upper() + plain[1:]
    for pattern, said in _KNOWN:
        found = pattern.search(text)
        if found:
            return said.format(**found.groupdict())
    return f"出错了：{_PREFIX.sub('', text)}"
