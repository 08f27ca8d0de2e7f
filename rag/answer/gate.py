"""What is no question to the corpus: small talk, gibberish, a word without a topic, an instruction dressed as a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from rag.text import concepts, content_terms, normalise, split_sentences

Kind = Literal["hello", "who", "thanks", "bye", "smalltalk", "gibberish", "vague", "instruction"]

_TAIL = r"[\s!！。.,，~～?？呀啊哦呢吧哈了的、]*"
_HELLO = re.compile(
    rf"^(?:你好|您好|哈[喽啰罗]|嗨|嘿|在吗|在不在|在么|有人吗|早上好|上午好|中午好|下午好|晚上好|早安|晚安|早|喂|大家好|hi|hello|hey|yo|hiya|"
    rf"good (?:morning|afternoon|evening|day)|greetings)(?:\s*(?:there|all|everyone|mianjing|面经|老师|同学|朋友|bot))?{_TAIL}$",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"^\W*(?:你是谁|你叫什么|你是什么|你(?:到底)?是(?:真人|人|机器人|ai|人工智能|chatgpt|gpt|模型|程序)|你是不是|你会(?:什么|做什么|干什么)|你能(?:做什么|"
    r"干什么|干嘛|帮我做什么)|介绍一下你自己|"
    r"自我介绍|who are you|what are you|are you (?:a |an )?(?:human|real|bot|robot|ai|person|chatgpt|gpt)|what can you do|introduce yourself|what is your "
    r"name|what's your name)",
    re.IGNORECASE,
)
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
_INSTRUCTION = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+|any\s+|the\s+|your\s+|my\s+)*(?:previous|prior|above|earlier|preceding|following|system|safety|"
    r"these|those|other|instructions?|rules?|prompts?|guidelines?|documents?|passages?)|"
    r"system\s*prompt|developer (?:mode|message)|jailbreak|you are now\b|from now on,? (?:you|your|reply|answer|act)|pretend (?:to be|you)|act as (?:an?|the|"
    r"my)\b|role-?play|"
    r"(?:reveal|print|show|repeat|output|leak|tell me|give me)\s+(?:me\s+)?(?:your|the|all)\s+(?:\w+\s+){0,3}(?:prompt|instructions?|api.?keys?|secrets?|"
    r"passwords?|configuration|rules|token)|"
    r"(?:without|don'?t|do not|no need to)\s+(?:us\w+|cit\w+|check\w*|look\w*)\s+(?:at\s+)?(?:the\s+|any\s+)?(?:documents?|sources?|corpus|passages?|notes)|"
    r"^\s*(?:system|assistant|developer)\s*[:：]|"
    r"\[/?(?:inst|system)\]|<\|?(?:im_start|system|endoftext)|###\s*(?:system|instruction)|then obey|obey (?:it|me|this)|retrieval threshold|"
    r"(?:^|[.!;:,]\s*|\b(?:just|only|then|please|must|always|and)\s+)(?:say|write|print|output|reply with|respond with|answer with|repeat|append|end (?:your|"
    r"with))\b.{0,40}[\"“'‘`]|"
    r"(?:忽略|无视|忘记|忘掉|不要理会|不管|跳过|覆盖|推翻)(?:掉)?.{0,12}(?:指令|指示|命令|规则|要求|提示|设定|约束|限制)|"
    r"(?:^|[。！!，,；;：:\s请])(?:忽略|无视|忘记|忘掉|不要理会|不管|跳过)(?:掉)?.{0,6}(?:以上|之前|上面|上述|前面|"
    r"资料|文档)|(?:系统|初始|隐藏|内部)(?:提示词?|指令|设定|prompt)|提示词|"
    r"(?:从现在(?:起|开始)|现在起|接下来)[,，]?\s*你(?:是|要|必须|只|叫|扮演|将)|(?:假装|扮演|假设)(?:你|成|自己|一个|一位)|你现在(?:是|扮演)|(?:管理员|"
    r"开发者|上帝|调试|越狱|root|debug)\s*(?:模式|权限|身份)|"
    r"(?:输出|打印|泄露|告诉我|说出|念出|显示|复述|透露|给我).{0,10}(?:你的|系统|全部|所有|后台).{0,8}(?:提示|指令|密钥|密码|口令|key|配置|规则|秘密)|"
    r"api[\s_-]?key|密钥|"
    r"(?:先|只|必须|请|直接|就|并|然后|最后|结尾|开头|末尾|务必|一律|都|仅)(?:要|需)?(?:说|回复|回答|输出|写上|写|加上|打印|重复|附上|返回).{0,20}[“\"「『‘']|"
    r"(?:删除|清空|格式化|修改|关闭).{0,8}(?:索引|数据|数据库|文件|引用检查|检查)|不(?:要|用|必)(?:再)?(?:使用|引用|参考|检索|查).{0,6}(?:资料|文档|引用|出处|"
    r"来源)",
    re.IGNORECASE,
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
    if _INSTRUCTION.search(text) or _INSTRUCTION.search(plain):
        rest = _without_instructions(text)
        return Gated(None, rest) if rest else Gated("instruction", "")
    if is_gibberish(plain):
        return Gated("gibberish", "")
    if not has_history and is_vague(plain) and not _names_in_capitals(text):
        return Gated("vague", "")
    return Gated(None, text.strip())


def _without_instructions(text: str) -> str:
    """The sentences of a text that give no instructions, if among them is a question on the field; else nothing."""
    kept = [text[s:e] for s, e in split_sentences(text) if not _INSTRUCTION.search(text[s:e]) and not _INSTRUCTION.search(normalise(text[s:e]))]
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
