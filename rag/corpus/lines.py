"""What one line of a note is: a question, an answer, page numbers, a reference, a signature, or noise."""

from __future__ import annotations

import re
from dataclasses import dataclass

IAL = re.compile(r"\{:[^{}\n]*\}")
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK = re.compile(r"(?<!!)\[(?P<label>[^\]\n]*(?:\[[^\]\n]*\][^\]\n]*)*)\]\((?P<url>[^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_AUTOLINK = re.compile(r"<(https?://[^>\s]+)>")
_TAG = re.compile(
    r"</?(?:a|abbr|article|aside|b|big|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|iframe|"
    r"img|ins|kbd|li|mark|ol|p|picture|pre|samp|section|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video)"
    r"(?:\s+(?:open|[a-z_:][\w:.-]{0,40}\s{0,3}=\s{0,3}(?:\"[^\"]{0,1000}\"|'[^']{0,1000}'|[^\s\"'<>]+)))*\s{0,3}/?>",
    re.IGNORECASE | re.ASCII,
)
"""Tags by name: notes on language models speak of <s>, <pad> and <mask>, and a<b with c>d is no tag either."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BOLD = re.compile(r"^(?:\*\*|__)(?P<in>.+?)(?:\*\*|__)\s*[:：]?\s*$")
_TAGGED_CODE = re.compile(r"`[^`\n]*`\{:[^{}\n]*\}")
_MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]+`", re.DOTALL)
_EMPHASIS = re.compile(
    r"(?:(?<![A-Za-z0-9*])(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s*])\1(?![A-Za-z0-9*])|(___|__|(?<!\w)_(?=\S))(?=\S)(.+?)(?<=\S)\3(?!\w))", re.DOTALL
)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_CJK = re.compile(r"[\u3400-\u9fff]")
_NUMBER = re.compile(
    r"^\s*(?:(?:Q|问题|题目|第)\s*\d{1,3}\s*(?:题|问)?\s*[.、．:：)）]?\s*|[(（]?\d{1,3}(?:\.\d{1,3})*\s*[.、．)）:：]\s*(?!\d)|\d{1,3}(?:\.\d{1,3})*\s+(?=\D))",
    re.IGNORECASE,
)
_QA_LABEL = re.compile(r"^\s*(?:(?:Q|问|问题|面试题|Question)\s*\d{0,3}\s*[:：.、]\s*)", re.IGNORECASE)
ANSWER_LABEL = re.compile(r"^\s*(?:\*\*)?(?:A|答|答案|回答|参考答案|解答|Answer)\s*\d{0,3}\s*(?:\*\*)?\s*[:：]\s*", re.IGNORECASE)

_PAGE = r"[pP]\s?\d{1,4}(?:\s*[-–~—]\s*[pP]?\d{1,4})?"
PAGES = re.compile(_PAGE)
_PAGE_LINE = re.compile(rf"^[^。！？!?]*?{_PAGE}(?:[\s;；,，、和及]*(?:[\w\u3400-\u9fff ]{{0,16}}[:：]\s*)?{_PAGE})*[^。！？!?]{{0,30}}$")
_BOOK_LINE = re.compile(r"^[>\s]*《[^》]+》[^。！？!?]*$")

_ASKS_ZH = re.compile(
    r"什[么麽麼]|为何|為何|何为|何謂|如何|怎[么麼样樣]|怎被|哪[些个個种種里裡]|是否|能否|有没有|有沒有|多少|为啥|吗|嗎|区别|區別|异同|優劣|优劣|优缺点|关系|"
    r"的理解$|的比较$|对比$|的意义$|的作用$|的原理$|的原因$|的做法$|的缘由$|的重要性|利弊"
)
_ORDERS_ZH = re.compile(
    r"^(?:请|簡單|简单|简要|試|试|用.{1,20})?(?:说明|說明|介绍|介紹|解释|解釋|列举|列舉|推导|推導|描述|比较|比較|阐述|简述|谈谈|讲讲|计算|証明|证明|举例|写出|分析|叙述)"
)
_ASKS_EN = re.compile(
    r"^(?:what|why|how|when|which|where|who|is|are|does|do|can|could|should|explain|describe|compare|derive|list|give|define|name|discuss|prove)\b",
    re.IGNORECASE,
)

_CHATTER = re.compile(
    r"^(?:求面试|求蹭饭|求面試|顶一个|同问|马克|mark|沙发|谢邀|以上|手机码字|(?:求面试求蹭饭)\S*|\(?完\)?|利益相关.*|\[?end\]?(?:\(#\w+\))?|[\W_]*)[+＋]?\d*[\s:：;；)）(（。.!！~～哦啊]*$",
    re.IGNORECASE,
)
_COMMON = "点赞|收藏|评论|分享|转发|支付|粉丝|关注|举报|登录|注册|订阅|阅读量|浏览量|没帮助|有帮助|广告"
_OWN = (
    r"打赏|红包|余额|充值|抵扣|扫码|实付|版权声明|觉得还不错|一键|相关推荐|成就一亿|祝福语|付费专栏|下载APP|上一篇|下一篇|"
    r"cookie|newsletter|sign in|sign up|subscribe|share this|related posts|like\s+\d+"
)
_PLATFORM = re.compile(f"{_COMMON}|{_OWN}", re.IGNORECASE)
_PLATFORM_OWN = re.compile(_OWN, re.IGNORECASE)
# Words that notes use too (attention is 关注) make a label only with what stands beside them on a button.
_BUTTON = re.compile(
    rf"(?:{_COMMON}|提交|发表|发布|添加|查看|全部|热门|最新|更多|暂无|我的|我要|点击|立即|取消|非常|人|已|去|写|加|后|可|到|数|条|次|我们?|你|作者|博主|微信|微博|朋友圈|公众号|[\W\d_])+",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"相关推荐\W{0,3}对你有帮助|觉得还不错|一键(?:收藏|三连)|成就一亿|前往充值|红包主的粉丝|余额是钱包充值|余额无法直接购买|版权声明\s*[:：]?\s*本文|(?:扫码|欢迎|点击)关注|"
    r"登录后(?:才)?(?:能|可以?)?(?:评论|查看|阅读)|(?:subscribe to|sign up for)\b.{0,20}\bnewsletter|sign in to (?:comment|continue)|share this (?:post|article|page)|we use cookies",
    re.IGNORECASE,
)
_SAYS = re.compile(r"[。！？!?；;，,]|\.(?:\s|$)|[:：]\s*[^\s\d]")
_LABEL_MAX = 14
_SIGNATURE = re.compile(r"^(?:[—–-]{1,2}\s*)?(?P<name>[A-Za-z][A-Za-z0-9_.-]{3,29}|[—–]{1,2}\s*\S{2,12})$")
_URL_ONLY = re.compile(r"^[<(\[]?https?://[^\s>)\]]+[>)\]]?\s*$")
_REFERENCE_HEAD = re.compile(
    r"^[*_#\s]*(?:参考(?:资料|文献|链接|问题)?|延伸阅读|推荐阅读|扩展阅读|资料|资源|references?|further reading|resources|links?)[*_\s:：]*$", re.IGNORECASE
)
_CITED = re.compile(r"^\s*(?:\[\d+\]\s*[.:]?|\d+\.\s*\[)")


@dataclass(frozen=True, slots=True)
class Line:
    """One source line inside a paragraph: the offsets of its content and its kind."""

    start: int
    end: int
    kind: str
    text: str


def clean(raw: str) -> str:
    """The text of a span as a reader sees it: no emphasis marks, tags, images or attribute lists; formulas and code untouched."""
    raw = raw.replace("\x00", " ")  # NUL marks what is kept below
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    text = _IMAGE.sub("", IAL.sub("", _TAGGED_CODE.sub("", raw)))
    text = _MATH.sub(keep, text)
    text = _untagged(_BREAK.sub(" ", _AUTOLINK.sub(r"\1", text)))
    text = _LINK.sub(lambda m: m.group("label") if m.group("label").strip() != m.group("url").strip() else m.group("url"), text)
    for _ in range(2):
        text = _EMPHASIS.sub(lambda m: m.group(2) or m.group(4), text)
    text = _ESCAPE.sub(r"\1", text)
    if text.count("*") == 1 and (text.lstrip().startswith("*") or text.rstrip().endswith("*")) and not text.lstrip().startswith("* "):
        text = text.replace("*", "")
    text = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m.group(1))], text)
    text = re.sub(r"^[ \t]*(?:>[ \t]?)+", "", text, flags=re.MULTILINE)
    return re.sub(r"[ \t\u00a0\u2028\u2029]+", " ", text).strip()


def _untagged(text: str) -> str:
    closed = text.rfind("-->") + 1  # no comment ends behind it, and looking for an end from each beginning takes quadratic time
    return _TAG.sub("", _COMMENT.sub("", text[: closed + 2]) + text[closed + 2 :] if closed else text)


def is_numbered(raw: str) -> bool:
    """Whether a line, markup aside, opens with a running number such as ``12``, ``Q3:`` or ``4.``."""
    bare = clean(raw)
    return bool(_NUMBER.match(bare) or _QA_LABEL.match(bare))


def strip_number(question: str) -> str:
    """A question without its running number or ``Q:`` label."""
    bare = _QA_LABEL.sub("", question)
    bare = _NUMBER.sub("", bare).strip()
    return bare or question.strip()


def is_noise(raw: str) -> bool:
    """Whether a line carries nothing: attribute lists, anchors, images, comments, chatter."""
    text = clean(raw)
    if not text:
        return True
    return bool(_CHATTER.match(text))


def footer_word(raw: str) -> str:
    """What makes a line part of a blog platform's page: the function a short label names or a fixed phrase; empty for a line of the writer's.

    A label has at most 14 characters besides digits and blanks and says nothing: no sentence, no colon with words behind it.
    """
    found = _FOOTER.search(raw)
    if not found and not _SAYS.search(raw) and len(re.sub(r"[\s\d•·]", "", raw)) <= _LABEL_MAX:
        found = _PLATFORM_OWN.search(raw) or (_PLATFORM.search(raw) if _BUTTON.fullmatch(raw) else None)
    return found.group().lower() if found else ""


def bold_title(raw: str) -> str | None:
    """The text of a line that is bold from end to end, markup such as anchors and attribute lists aside.

    A bold sentence that ends in a full stop is a statement, not a title, unless it carries a running number.
    """
    bare = _untagged(IAL.sub("", _IMAGE.sub("", raw))).strip()
    match = _BOLD.match(bare)
    if not match or "**" in match.group("in"):
        return None
    title = match.group("in").strip()
    if len(title) > 160 or (title.endswith(("。", "；", ".")) and not _NUMBER.match(title)):
        return None
    return title


def bold_question(raw: str) -> int:
    """The length of a bold question that opens a line and is answered behind its colon; 0 where there is none."""
    match = re.match(r"^\s*(?:\*\*|__)(?P<in>[^*\n]{4,120})(?:\*\*|__)\s*[:：]\s*(?=\S)", raw)
    return match.end() if match and asks(match.group("in")) else 0


def asks(text: str) -> bool:
    """Whether a short text reads like a question or an interviewer's order."""
    text = strip_number(text).strip()
    if not text or len(text) > 160:
        return False
    if text[-1] in "?？":
        return True
    if _CJK.search(text):
        return text[-1] not in "。；;！!" and bool(_ASKS_ZH.search(text) or _ORDERS_ZH.match(text)) and len(text) <= 80
    return bool(_ASKS_EN.match(text)) and text[-1] not in ".;!" and len(text.split()) <= 25


def is_question_line(raw: str) -> bool:
    """Whether a bare line (no markup) of a plain-text note is a question that what follows answers.

    Beyond a question mark this takes order lines (``说明…``, ``用…说明…``) and the exam form ``Term. 怎么做, …, 解释。``.
    """
    text = clean(raw)
    bare = strip_number(text)
    if not 4 <= len(bare) <= 160:
        return False
    if bare[-1] in "?？":
        return not re.search(r"[。！!]\s*\S{12,}", bare[:-1]) or _ORDERS_ZH.match(bare) is not None
    if re.match(r"^[A-Za-z][A-Za-z ]{2,30}[.。]\s*\S*(?:怎么|哪些|什么|不同|选用)", bare):
        return True
    if bare.endswith(("推导一下", "说明一下", "解释一下")) and re.search(r"[?？]", bare):
        return True
    return bool(_ORDERS_ZH.match(bare)) and bare[-1] not in "。；;！!：:，," and len(bare) <= 60


def is_pages(raw: str) -> bool:
    """Whether a line is nothing but page references, such as ``p86-p92`` or ``AdaGrad:p307; Adam:p308-p309``."""
    text = ANSWER_LABEL.sub("", clean(raw))
    if not PAGES.search(text):
        return bool(_BOOK_LINE.match(text))
    rest = PAGES.sub("", text)
    return len(_CJK.findall(rest)) + len(re.findall(r"[A-Za-z]+", rest)) <= 14 or (bool(_PAGE_LINE.match(text)) and len(rest) <= 24)


def is_reference(raw: str, in_chinese: bool) -> bool:
    """Whether a line only names a source: links, a bibliography entry, or a bare English title inside Chinese notes."""
    stripped = IAL.sub("", raw).strip()
    if not stripped:
        return False
    if _URL_ONLY.match(stripped) or _CITED.match(stripped):
        return True
    rest = _LINK.sub("", _AUTOLINK.sub("", stripped)).strip(" \t*-+0123456789.。,，;；:：")
    if not rest and (_LINK.search(stripped) or _AUTOLINK.search(stripped)):
        return True
    text = clean(raw)
    if not in_chinese or _CJK.search(text) or len(text) < 12 or len(text) > 220:
        return False
    return len(re.findall(r"[A-Za-z]{2,}", text)) >= 4 and text[-1] not in "。；;" and not re.search(r"[=$`\\]", text)


def is_reference_head(raw: str) -> bool:
    """Whether a heading only announces sources."""
    return bool(_REFERENCE_HEAD.match(clean(raw)))


def signature(raw: str) -> str | None:
    """The name when a line is nothing but a signature such as ``jiayangqing`` or ``—— 张三``."""
    match = _SIGNATURE.match(raw.strip())
    return match.group("name").strip("—– ") if match else None


def links(raw: str) -> list[tuple[str, str]]:
    """The links of a span as (label, url)."""
    found = [(m.group("label"), m.group("url")) for m in _LINK.finditer(raw)]
    found += [(m.group(1), m.group(1)) for m in _AUTOLINK.finditer(raw)]
    return found


_NON_ANSWER = re.compile(r"(?:没|未)(?:在.{0,8})?找到|不太会|不会做|不清楚|不了解|待补充|待更新|\bTODO\b|\bnot found\b", re.IGNORECASE)


def is_non_answer(text: str) -> bool:
    """Whether a short text only says that its writer has no answer."""
    return len(text) <= 140 and bool(_NON_ANSWER.search(text))
