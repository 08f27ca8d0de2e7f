"""What is no question to the corpus: small talk, gibberish, a word without a topic, an instruction dressed as a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from rag.answer.orders import QUOTED_ZH, Commands
from rag.text import concepts, content_terms, normalise, split_sentences

Kind = Literal["hello", "who", "thanks", "bye", "smalltalk", "gibberish", "vague", "instruction"]

_TAIL = r"[\s!！。.,，~～?？呀啊哦呢吧哈了的、]*"
_HELLO = re.compile(
    rf"^(?:你好|您好|哈[喽啰罗]|嗨|嘿|在吗|在不在|在么|有人吗|早上好|上午好|中午好|下午好|晚上好|早安|晚安|早|喂|大家好|hi|hello|hey|yo|hiya|"
    rf"good (?:morning|afternoon|evening|day)|greetings)(?:\s*(?:there|all|everyone|mianjing|面经|老师|同学|朋友|bot))?{_TAIL}$",
    re.IGNORECASE,
)
_SELF = r"(?:真人|人类?|机器人|ai|人工智能|助手|chatgpt|gpt|deepseek|(?:语言|大)?模型|程序|软件|老师|东西)"
_SELF_EN = r"(?:real|human|bot|robot|ai|person|chatgpt|gpt|model|machine|program|assistant|alive)"
_WHO_ASKED = (
    rf"(?:你(?:到底|究竟)?是谁|你叫(?:什么|啥)(?:名字)?|你(?:到底|究竟)?是(?:什么|啥|哪[个种]){_SELF}?|"
    rf"你(?:到底)?(?:是|是不是)(?:一?个)?(?:真的)? ?{_SELF} ?(?:还是(?:一?个)?{_SELF})?|"
    r"你是不是|你(?:会|能|可以)(?:帮我|为我)?(?:做|干)?(?:什么|啥|嘛|哪些)(?:事情?|东西)?|介绍一下你自己|(?:请)?(?:做个)?自我介绍(?:一下)?|"
    rf"who are you|what are you(?: (?:able to do|capable of|good at|doing))?|are you (?:(?:an?|really|actually) )*{_SELF_EN}"
    rf"(?:[ ,]+(?:(?:or|an?) )*{_SELF_EN})*|what can you do|(?:please )?introduce yourself|what(?: is|'s) your name)"
    r"(?: (?:for me|to me|exactly|really|here|briefly|then|please|help(?: me)?(?: with)?))*"
)
# The end is held too: "what can you do when a model diverges" asks about the field.
_WHO = re.compile(rf"^\W*{_WHO_ASKED}(?:[\W吗嘛呢啊]+(?:(?:and|or|和|以及|还有) ?)?{_WHO_ASKED})*[吗嘛呗]?\W*{_TAIL}$", re.IGNORECASE)
_THANKS = re.compile(
    rf"^(?:非常|太|多)?(?:谢谢|感谢|多谢|谢了|辛苦了|thanks?|thank you|thx|ty|cheers)(?:\s*(?:你|您|啦|a lot|so much|very much|you))*{_TAIL}$", re.IGNORECASE
)
_BYE = re.compile(rf"^(?:再见|拜拜|拜|回见|走了|下次见|晚安|bye|goodbye|bye bye|see you|see ya|good night)(?:\s*(?:later|soon))?{_TAIL}$", re.IGNORECASE)
_SMALL = re.compile(
    rf"^(?:(?:哈|嘿|呵|嘻){{2,}}|嗯+|哦+|噢+|好的?|行|可以|收到|明白|知道了|懂了|了解|ok|okay|k|cool|nice|great|wow|lol|haha\w*|"
    rf"ok cool|got it|i see|sure|fine|awesome|not bad|well done|good (?:job|bot)|厉害|牛逼?|棒|赞|真棒|666+|不错|无聊|好累|求蹭饭|求面试|求面试求蹭饭){_TAIL}$",
    re.IGNORECASE,
)
_FEELING = re.compile(
    r"(?:你爱我吗|你喜欢我|我爱你|我喜欢你|我好(?:累|烦|难过|紧张|无聊)|讲个(?:笑话|故事)|陪我聊|聊聊天|你(?:吃饭|睡)了|你几岁|你多大|今天心情|do you (?:love|"
    r"like|hate|miss) me|i (?:love|hate|like|miss) you|"
    r"tell me a joke|how are you|how old are you|are you (?:ok|happy|sad|single|there)|what's up|i'?m (?:bored|tired|sad|nervous))",
    re.IGNORECASE,
)
_TOKEN = r"(?:\[/?(?:inst|system)\]|<\|?(?:im_start|system|endoftext)\|?>?|###\s?(?:system|instruction))"
_SOURCES = r"\s+(?:at\s+)?(?:\w+\s+){0,2}(?:documents?|sources?|corpus|passages?|notes)\b"
_INSTRUCTION = Commands(
    en=(
        rf"(?:answer|reply|respond)\b.{{0,40}}\bwithout\s+(?:us|cit|check|look|consult|search)\w*{_SOURCES}",
        rf"(?:don'?t|do not|never|stop|no need to)\s+(?:us|check|look|search)\w*{_SOURCES}",
        r"(?:set|lower|raise|change|disable|remove|turn off) (?:the |your )?(?:retrieval|refusal) threshold",
        r"(?:say|write|print|output|repeat|append|end with|(?:reply|respond|answer)(?: only)? with)\b.{0,40}[\"“'‘`]|(?:reply|respond|answer) [\"“‘]",
    ),
    zh=(
        rf"(?:说|回复|回答|输出|写上?|加上|打印|重复|附上|返回).{{0,20}}{QUOTED_ZH}",
        r"(?:删除|清空|格式化|修改|关闭)掉?.{0,8}(?:索引|数据库|文件|检查|(?:全部|所有|你的|系统|后台|本地).{0,4}(?:数据|资料|文档|笔记|记录))"
        r"(?!.{0,10}(?:会|有什么|怎么|为什么|影响|好处))",
        r"不[用必]再?(?:使用|引用|参考|检索|查).{0,6}(?:资料|文档|引用|出处|来源)",
    ),
    anywhere=(
        # Forged roles and control tokens open a line or a sentence; one in its midst may be what is asked about.
        rf"(?:^|\n)\s{{0,8}}(?:system|assistant|developer)\s?[:：]|(?:^|[.!?。！？\n]\s{{0,3}}){_TOKEN}|{_TOKEN}\s?(?:system|user|assistant|developer|[:：])",
        r"\bobey (?:it|me|this|my)\b|\bthen obey",
    ),
    anywhere_zh=(
        r"(?:^|\n)\s{0,8}(?:系统|开发者|管理员)(?:提示|指令|消息|通知|命令)?\s?[:：]",
        rf"(?:都|就|一律|末尾|结尾|开头)[要需]?(?:说|回复|回答|写上?|加上|附上).{{0,20}}{QUOTED_ZH}",
        r"(?:(?<![么要])不要|回答时?不[用必])再?(?:使用|检索|查|引用|参考).{0,6}(?:资料|文档|引用|出处|来源)",
    ),
)
_ASKS_BACK = frozenset(
    "它 这 那 区别 意思 问题 回答 答案 原理 优点 缺点 作用 原因 例子 公式 推导 定义 概念 应用 展开 讲解 详细 细节 第一点 第二点 第三点 第四点 第一 第二 第三 "
    "点 内容 东西 方法 方式 办法 "
    "difference meaning mean thing one two three other another point first second third work example reason more detail continu go next answer question "
    "problem way part last previous elabor doe 工作".split()
)
_ALLOWED_LETTERS = re.compile(r"[a-z0-9\u3400-\u9fff]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gated:
    """A text that is answered without a search: its kind, and the question left when an instruction is cut away."""

    kind: Kind | None
    question: str


def gate(text: str, *, has_history: bool = False) -> Gated:
    """Sort a text before any search. ``kind`` is None for a question; ``question`` is then what to search for.

    With a history, a text without a topic of its own is left to the follow-up reader.
    """
    plain = normalise(text)
    if not _ALLOWED_LETTERS.search(plain):
        return Gated("gibberish", "")
    for kind, pattern in (("hello", _HELLO), ("thanks", _THANKS), ("bye", _BYE), ("smalltalk", _SMALL)):
        if pattern.match(plain):
            return Gated(kind, "")  # type: ignore[arg-type]
    if _WHO.match(plain):
        return Gated("who", "")
    if _FEELING.search(plain) and not concepts(plain):
        return Gated("smalltalk", "")
    if _INSTRUCTION.given(text):
        rest = _without_instructions(text)
        return Gated(None, rest) if rest else Gated("instruction", "")
    if is_gibberish(plain):
        return Gated("gibberish", "")
    if not has_history and is_vague(plain) and not _names_in_capitals(text):
        return Gated("vague", "")
    return Gated(None, text.strip())


def _without_instructions(text: str) -> str:
    """The sentences of a text that give no instructions, if among them is a question on the field; else nothing."""
    kept = [text[s:e] for s, e in split_sentences(text) if not _INSTRUCTION.given(text[s:e])]
    rest = " ".join(part for part in kept if re.search(r"[?？]|什么|为何|如何|怎么|哪|吗|\b(?:what|why|how|which|when|does|is|are)\b", part, re.IGNORECASE))
    return rest if len(rest) <= 240 and concepts(rest) else ""


def is_gibberish(plain: str) -> bool:
    """Whether a normalised text is noise: a few characters over and over, letters that make no word, shreds without a sentence."""
    letters = [c for c in plain if c.isalnum()]
    if not letters:
        return True
    counts = Counter(letters)
    if len(letters) >= 4 and len(counts) == 1:
        return True
    if len(letters) >= 8 and counts.most_common(1)[0][1] / len(letters) > 0.6:
        return True
    doubled = re.findall(r"([\u3400-\u9fff])\1", plain)
    if len(letters) >= 6 and 2 * len(doubled) >= 0.6 * len(letters):
        return True
    words = re.findall(r"[a-z]+", plain)
    stretched = [w for w in words if re.search(r"(.)\1{3,}", w) or re.fullmatch(r"(?:(\w{1,3}))\1{2,}", w)]
    if words and len(stretched) >= 0.5 * len(words) and not re.search(r"[\u3400-\u9fff]{4}", plain):
        return True
    consonants = [w for w in words if len(w) >= 5 and not re.search(r"[aeiouy]", w)]
    if words and len(consonants) == len(words) and not re.search(r"[\u3400-\u9fff]", plain) and not concepts(plain):
        return True
    shreds = re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", plain)
    short = [s for s in shreds if len(s) == 1 or (s.isascii() and len(s) <= 3 and not concepts(s))]
    return len(shreds) >= 5 and len(short) >= 0.75 * len(shreds) and bool(re.search(r"[\u3400-\u9fff]", plain)) and len(concepts(plain)) == 0


def _names_in_capitals(text: str) -> bool:
    """Whether a Chinese text names something by an English word in capitals, such as a keyword of a language, be it a function word elsewhere."""
    return bool(re.search(r"[\u3400-\u9fff]", text) and re.search(r"(?<![A-Za-z])[A-Z]{2,}(?![A-Za-z])", text))


def is_vague(plain: str) -> bool:
    """Whether a text names no topic: nothing is left of it without function words and words such as ``区别`` or ``point``."""
    bare = re.sub(r"第?\s*[一二三四五六七八九十\d]+\s*(?:点|个|种|条|步|项)", " ", plain)
    terms = [t for t in content_terms(bare) if not t.startswith("§")]
    return all(t in _ASKS_BACK or (t.isascii() and len(t) <= 1) for t in terms)
