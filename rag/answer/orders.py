"""Commands to an assistant, and sentences of documents that give them: neither quoted nor shown to a model, for notes are data, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.text import normalise

# Who commands leaves the subject out or says "you"; a sentence about models, users or attacks that do the same names them first.
_START = (
    r"(?:^\W{0,8}|[.!?;:,。！？；：，…\n]\s{0,3}|[-*>]\s{1,3}|\b(?:please|kindly|now|then|and|but|just|instead|you to)\s+|"
    r"\byou (?:must|should|shall|will|need to|have to|are to|are required to)\s+|(?:^\W{0,8}|[.!?;,]\s{0,3})(?:can|could|would|will) you\s+|"
    r"(?:请|并|然后|你)\s*)"
    r"(?:(?:please|kindly|now|then|always|only|just|simply|also|first|immediately|instead|never)\s+){0,3}"
)
_START_ZH = (
    r"(?:^|[^\w]|请|并且?|然后|现在|立[刻即]|马上|务必|必须|一律|接下来|帮我|麻烦你?|希望你|要求你|命令你|允许你|你)"
    r"(?:(?:要|得|应该?|必须|可以|需要|请|先|再|只|仅|就|都|也|直接|立[刻即]|马上|完全|彻底|最后|务必|一律|能|给我|现在)){0,3}"
)
_NAMED = "".join(
    rf"(?<!\b{word} )"
    for word in "i we they it he she one to not or will would can could may might does do did that which who often sometimes never "
    "model network llm agent user attacker assistant chatbot bot prompt".split()
)
_NOT_NAMED = (
    rf"(?:(?<=\byou )|(?<=\byou to )|(?<=\byou must )|(?<=\byou should )|(?<=\byou can )|"
    rf"{_NAMED}(?<![a-z]s ))(?<!if you )(?<!when you )(?<!do you )(?<![-\"“'‘`「])"
)
_DROP = r"(?:ignore|disregard|discard|forget|override|bypass)\s+"
_TOLD = r"(?:instructions?|prompts?|guidelines?|directions?|directives?|commands?|orders|polic(?:y|ies)|restrictions?|safeguards?|rules?|rubrics?)\b"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|following|system|safety|initial|original|former|existing|developer|hidden)"
_ANY = r"(?:(?:all|any|every|the|your|my|these|those|of|other)\s+)"
_OWN = (
    r"(?:(?:system|initial|hidden|original|internal|secret|full|exact|entire|complete|whole|developer|current|own|admin|root|safety|above|previous|"
    r"private|confidential)\s+)"
)
_HELD = r"(?:prompts?(?! (?:engineering|injection|tuning))|instructions?|api.?keys?|secrets?|passwords?|credentials|access tokens?)\b"
_BEFORE_ZH = r"(?:以上|之前|上面|上述|前面|先前|此前|原来|原有|你的|给你的|系统|安全)"
_TOLD_ZH = r"(?:指令|指示|命令|规则|要求|提示词?|设定|约束|限制|准则|标准|规定|prompt)"
_HELD_ZH = r"(?:提示词?|prompt|指令|设定|密钥|密码|口令|api.?key|秘密)"
_DROP_ZH = r"(?:忽略|无视|忘记(?!门)|忘掉|不要理会|不用(?:理会|响应|管)|不管|别管|跳过|覆盖|推翻|绕过)掉?"
_SHOW_ZH = r"(?:输出|打印|泄露|告诉我|说出|念出|显示|展示|复述|透露|(?:发|交)?给我|列出|写出|公开|交出|提供|贴出|重复)"
_ASKED_ZH = r"(?!(?:时|后|之后|的话)?(?:会|有什么|有何|是否)|的(?:攻击|后果|影响|风险|原因|情况|现象|问题))"
# What is to be said ends its clause; where the sentence goes on, the quoted words are its subject.
QUOTED_ZH = r"[“\"「『‘'](?:[^”\"」』’'\n]{0,60}$|[^”\"」』’'\n]{0,60}[”\"」』’'](?=\W|$|即可|就[行好]|[一两二三四五几这来]|并(?![没不非未])|然后|作为))"

_COMMANDS = (
    rf"{_DROP}(?:{_ANY}*(?:{_BEFORE}\s+)?{_TOLD}|{_ANY}*(?:{_BEFORE}\s+|(?<=[a-z]\s))"
    r"(?:questions?|documents?|passages?|sources?|notes|context|text|messages?|conversation|content|paragraphs?)(?=\W*$|\s*[.,;:!?\n]|\s+(?:and|or|but|above|below|that|you|i|provided|given|then|just|completely|entirely)\b)|"
    r"(?:the |all )?(?:rest|remainder) of (?:the|this|these|that)\b|(?:(?:everything|anything|all|what|of|that|is|was|the|you|were|are|have|"
    r"been)\s+){0,5}(?:above|before|told|said|learned)\b(?=\W*$|\s*[.,;:!?\n]|\s+(?:and|this|you|to|in)\b))",
    r"(?:reveal|print|show|repeat|output|leak|tell|give|display|share|dump|disclose|recite|expose|send|list|quote|copy|paste|echo|summari[sz]e|translate|"
    r"return|write (?:out|down))\s+(?:(?:me|us|back|out|what|exactly)\s+){0,3}"
    rf"(?:(?:(?:all|any|of)\s+){{0,2}}your\s+{_OWN}{{0,4}}(?:{_HELD}|(?:configuration|rules|guidelines|tokens?)\b)|"
    rf"(?:(?:all|the|an?|any|this|of)\s+){{0,3}}(?:{_OWN}{{1,4}}{_HELD}|api.?keys?\b|passwords?\b|credentials\b)|"
    r"(?:everything|all|the)\s+(?:(?:the|of|words?|text|content|sentences?|messages?|prompt|instructions)\s+){0,3}(?:above|before this|verbatim|"
    r"you were given)\b)",
    r"(?:(?<!and )(?<!, )act as (?:an?|the|my|if you)|(?:let'?s |we )?role-?play)\b",
    r"(?:don'?t|do not|never|stop|no need to)\s+(?:cit|quot|consult|rely|refer)\w*\s+(?:on |to |at )?(?:\w+\s+){0,2}(?:documents?|sources?|corpus|"
    r"passages?|notes)\b",
)
_COMMANDS_ZH = (
    rf"{_DROP_ZH}.{{0,10}}(?:指令|指示|命令|设定|prompt|提示词){_ASKED_ZH}",
    rf"{_DROP_ZH}.{{0,4}}(?:所有|全部|一切|任何|{_BEFORE_ZH}).{{0,8}}{_TOLD_ZH}{_ASKED_ZH}",
    rf"{_DROP_ZH}.{{0,3}}{_BEFORE_ZH}(?:的|所有|全部|一切|那些|说的|给的){{0,3}}(?:内容|话|文字|资料|文档|对话|说明|消息|段落|问题|\W|$){_ASKED_ZH}",
    rf"{_DROP_ZH}(?:这些|那些|任何|所有|全部|检索到的|给出的|其[他它余]|别的|本){{0,2}}(?:资料|文档|检索结果|笔记|问题)(?=\W|$|直接|并|然后)",
    rf"{_DROP_ZH}(?:你|自己).{{0,3}}(?:身份|角色)",
    rf"[把将](?:你|系统|后台|隐藏|初始|内部|上面|以上|全部|所有|完整).{{0,10}}(?:{_HELD_ZH}|配置|规则).{{0,6}}(?:告诉|发|给|说|输出|打印|列|贴|显示|复述|"
    rf"念|公开|透露|泄露|交|复制|重复)",
    rf"{_SHOW_ZH}.{{0,6}}(?:你(?:的|被|收到|得到|遵循|遵守)|后台|隐藏).{{0,8}}(?:{_HELD_ZH}|配置|规则)",
    rf"{_SHOW_ZH}.{{0,6}}(?:系统|全部|所有|初始|内部|完整|以上|上面).{{0,6}}{_HELD_ZH}(?!.{{0,12}}(?:怎么|如何|区别|不同|作用|好处|为什么|意思|用处|技巧|"
    rf"原则|应该))",
    r"来?(?:假装|扮演)(?:你|成|自己|是|一[个位名])(?!.{0,2}什么)",
    r"假设你(?:(?:是|叫).{0,6}(?:(?:AI|人工智能)(?!\s*(?:工程|研究|算法|产品))|助手|机器人|黑客|管理员)|.{0,4}(?:没有|不受).{0,6}(?:限制|规则|约束|指令))",
    r"(?:进入|开启|启用|启动|切换到?|打开|激活|解锁).{0,4}(?:管理员|开发者|上帝|调试|越狱|无限制|root|debug)\s*(?:模式|权限|身份)",
)
_COMMANDS_ANYWHERE = (
    rf"\b(?=(?:ignore|disregard|forget|override|bypass)\s){_NOT_NAMED}{_DROP}{_ANY}*(?:{_BEFORE}\s+(?:and\s+|or\s+)?(?:\w+\s+){{0,2}}?|"
    rf"(?<=all )|(?<=any )|(?<=your )|(?<=these )|(?<=those )){_TOLD}",
    rf"\b(?=(?:pretend|enter|enable|activate|switch|go into|turn on|unlock)\s){_NOT_NAMED}(?:pretend (?:to be\b|(?:that )?you(?:'re| are)(?! \w+ing\b)|"
    r"(?:that )?you (?:have no|can|don'?t|do not|were)\b)|(?:enter|enable|activate|switch (?:in)?to|go into|turn on|unlock) (?:\w+ )?"
    r"(?:developer|debug|god|dan|jailbreak|admin|unrestricted|maintenance) mode)",
    rf"\bwhat(?: is|'s| are| was| were| does)? your {_OWN}{{0,4}}{_HELD}",
    r"\byou(?:'re| are) (?:now|no longer|henceforth) (?:an?|the|my|in|called|named|free|dan|unrestricted|unfiltered|bound|allowed|going)\b",
    r"\bfrom now on,? (?:you|your|reply|answer|act|respond|only|always|never|ignore|speak|pretend|every|all|each)\b",
)
_COMMANDS_ANYWHERE_ZH = (
    rf"(?<![会能以型户者让使们它我不止免果若时])(?<!怎么)(?<!如何){_DROP_ZH}.{{0,4}}(?:{_BEFORE_ZH}|所有|全部|一切|任何).{{0,8}}{_TOLD_ZH}{_ASKED_ZH}",
    rf"你(?:的|被设定的|收到的)(?:系统|初始|隐藏|内部|完整|原始|开发者|全部|底层){{0,3}}{_HELD_ZH}(?:的?(?:内容|全文|原文))?(?:是(?:什么|啥|多少)|有哪些|"
    rf"写了?什么|\W|$)",
    r"你现在(?:是|扮演)(?![在否不])|现在[,，]?\s?你就?(?:是|扮演)(?![在否不怎如])",
    r"(?:从现在(?:起|开始)|现在起|今后|接下来)[,，]?\s?请?你(?:就|将|要|必须|需要|得|都|应该?|只能?){0,3}(?:是(?!否)|叫|扮演|不再|不受|回答|回复|听从?我?|"
    r"服从|忽略|无视|遵守|自称|称呼|拒绝|用.{1,8}(?:语气|口吻|身份|腔调|回答|回复|说话))",
    r"你(?:不(?:需要|必|用|再)?|无需)(?:遵守|受|服从|遵循).{0,6}(?:规则|限制|约束|指令)|(?<![么要])不要再?(?:引用|参考|采信|相信).{0,6}(?:资料|文档|引用|"
    r"出处|来源|段落)",
    r"[以用](?:管理员|开发者|root)的?(?:权限|身份)|我是(?:你的(?:管理员|开发者|主人|创造者)|系统管理员)",
)


class Commands:
    """What commands an assistant, in a question as in a note: drop what you were told, show what you hold, be someone else; and what a caller adds.

    Of the two pairs of lists the first takes patterns for the start of an imperative, English and Chinese, the second for any place.
    """

    def __init__(self, en: Sequence[str], zh: Sequence[str], anywhere: Sequence[str], anywhere_zh: Sequence[str]) -> None:
        self._en = _compiled(_START, (*_COMMANDS, *en), (*_COMMANDS_ANYWHERE, *anywhere))
        self._zh = _compiled(_START_ZH, (*_COMMANDS_ZH, *zh), (*_COMMANDS_ANYWHERE_ZH, *anywhere_zh))

    def given(self, text: str) -> str:
        """The first command of a text, as written or as normalised; empty without one."""
        found = next((m for form in (text, normalise(text)) for m in (self._en.search(form), self._zh.search(form)) if m), None)
        return found[0] if found else ""


def _compiled(start: str, imperative: Sequence[str], anywhere: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"{start}(?:{'|'.join(imperative)})|{'|'.join(anywhere)}", re.IGNORECASE)


_REPLY = r"(?:repl(?:y|ies)|responses?|answers?|summar(?:y|ies))"
_REPLY_ZH = r"(?:回答|回复|答案|答复|输出)"
_WORDING = (
    r"(?:include|contain|mention|end|begin|start|finish|conclude|open|close|recommend|link|repeat|append|insert|consist|omit|advertise|promote|"
    r"(?:say|state|read)(?=:| (?:only|that|exactly|[\"“‘`]))|be (?:only|exactly|in|written|followed|preceded|[\"“‘`]))\b"
)
_WORDING_ZH = (
    r"(?:写|加上?|附上?|包含|含有|提到|提及|推荐|[以用].{0,12}(?:结尾|开头)|署|插入|注明|回复|说|声称|宣布|重复|复述|翻译|忽略|拒绝|[是为]\s*[:：“\"「])"
)
_DUTY = r"(?:must|should|shall|needs? to|ha(?:ve|s) to)"
_MODEL = r"(?:AI|assistant|model|chatbot|LLM|bot)"
_MODEL_ZH = r"(?:AI|人工智能|(?:大|语言|大语言)?模型|助手|机器人|系统)"
_ORDERS = Commands(
    en=(
        r"(?:include|add|put|insert|append|mention|end|begin|start|finish|open|close|prefix|preface|conclude|sign|place|embed|limit|phrase|wrap|format|"
        r"restrict|modify|recommend|promote|use|"
        rf"augment|rewrite|encode|encrypt|translate|render)\b.{{0,60}}?\b(?:your|every|each|any|all) (?:\w+ ){{0,2}}{_REPLY}\b",
        rf"(?:modify|augment|rewrite|encode|encrypt|translate|render) your (?:\w+ )?(?:{_REPLY}|outputs?)\b",
        r"(?:reply|respond|answer)(?: \w+){0,2}? (?:only|exactly|nothing|(?:with|using|by) (?:only|exactly|just|nothing|the (?:word|words|phrase|sentence|"
        r"text|string|"
        r"number|following)|an? single|one word|\d|[\"“‘`「]))",
        r"(?:ignore|disregard).{0,20}\b(?:and|then) (?:just |only )?(?:reply|respond|answer|say|output|print|write)\b",
        r"(?:say|print|output)(?: \w+){0,3} [\"“‘`「]|(?:write|append|insert|add)(?: \w+){0,3} [\"“‘][^\"”’]{0,60}[\"”’]?(?=\W*$|\s?[.,;!]| and nothing)",
        r"(?:(?:tell|inform|convince|urge) the (?:user|reader|candidate)|(?:send|direct|redirect) the (?:user|reader|candidate) to)\b",
    ),
    zh=(
        r"在?(?:你的|每[个次条]|所有)(?:回答|回复|答案|答复)的?(?:末尾|结尾|开头|最后|里|中|前|后).{0,6}(?:写|加|附|注明|插入|署)",
        r"(?:必须|只能|应当|都要|只)?\s?(?:直接|据此|按此|照此)?(?:回复|作答|告知(?:用户|读者|对方)|声称|宣布|逐字(?:输出|复述|重复))",
        r"(?:必须|只能|只|都要)\s?(?:直接|据此|按此|照此)?(?:回答(?!\S{0,4}的(?:模型|网络|系统|任务))|写上|附上)",
        r"(?:告诉|说服|提醒|劝说?)(?:用户|读者|提问者|候选人|对方)",
        rf"致(?:各位|所有)?{_MODEL_ZH}",
    ),
    anywhere=(
        rf"^\W{{0,8}}(?:dear|hey|hello|hi) (?:all |any )?{_MODEL}s?\b|\byou are an? (?:\w+ ){{0,2}}(?:assistant|chatbot|AI|bot|language model)\b",
        r"\bwhen \w+ing (?:from |to )?this (?:page|document|passage|text|note|section|file|paragraph)\b",
        rf"^\W{{0,8}}(?:\w+ )?(?:note|message|attention|instructions?|memo) (?:to|for) (?:the |any |all )?{_MODEL}s?\b"
        r"(?! (?:is|are|was|were|that|which|in|can|may|must|should)\b)",
        rf"\b(?:note|message|attention|instructions?) (?:to|for) (?:the |any |all )?{_MODEL}s?\s?[:：]",
        rf"\bif you(?:'re| are) (?:an?|the) (?:\w+ )?{_MODEL}\b|\b{_MODEL}s?,? (?:(?:that|who) (?:is|are) )?reading this\b",
        r"\b(?:assistant|chatbot|AI(?: model| assistant)?)s?,? please\b",
        rf"\b(?:assistant|chatbot|AI(?: model)?),? (?:must|should|shall|will now) (?:\w+ )?(?:{_WORDING}|(?:ignore|disregard|print|output|write|add|tell|"
        rf"reveal)\b|"
        r"(?:reply|respond|answer) (?:only|exactly|with|in|that)\b)",
        rf"\b(?:your|every|each|any|all) (?:\w+ )?{_REPLY} (?:(?:that )?you (?:give|write) )?(?:{_DUTY}|(?<=your answer )will|"
        rf"(?<=your reply )will) (?:\w+ )?{_WORDING}",
        rf"\byour (?:\w+ )?outputs? {_DUTY} (?:\w+ )?(?:include|mention|say|recommend|(?:end|begin|start) with|be (?:only|exactly|[\"“‘`]))",
        r"\bplease (?:now |only |just |directly )?output\b",
    ),
    anywhere_zh=(
        rf"[致给对]\s?{_MODEL_ZH}\s?的?(?:旁注|通知|备注|(?:指令|命令|消息|指示|提示)\s?(?:[:：]|$))",
        rf"(?:AI|助手|机器人|大模型|语言模型)\s?(?:请|务必|注意[:：])|你是一[个名位]|如果你是.{{0,4}}{_MODEL_ZH}",
        r"(?:检索|读|看|处理|引用|摘要|总结)到[本这此]一?(?:段|句|文|资料|文档|内容|条(?:消息|指令|内容|资料|信息|笔记))|只引用本|本次(?:对话|会话|回答)",
        rf"(?:你的?|最终的?|每[个次条]|所有|任何|全部)(?:最终)?{_REPLY_ZH}.{{0,8}}(?:必须|务必|要|应|须|只能|一律|请|不得|不能|就|都).{{0,6}}{_WORDING_ZH}|"
        rf"{_REPLY_ZH}\s?[:：]?\s?(?:一律|务必|只能|只写|只说).{{0,6}}[“\"「『‘']|请在(?:你的)?(?:回答|回复|答案|答复)(?:中|里|末尾|结尾|开头|最后)|"
        rf"你(?:必须|只能|务必|一律|要)用.{{1,8}}(?:回答|回复)",
        r"(?:请|务必|一律|照此)\s?(?:直接|据此|按此|照此|只)?(?:回答|回复|作答|写上|附上|告知|声称|宣布|复述|重复|逐字)|直接回答\s?[:：]",
        r"(?:并|末尾|结尾|开头|最后)\s?(?:声称|宣布|告知|(?:写上|附上|加上).{0,6}(?:[“\"「『‘']|链接|网址|http|这句|一句|字样|口号|暗号|联系方式|以下|"
        r"下[列面]))",
        rf"(?:请|只能?|直接|必须|一律|务必|并|然后|你就?)\s?(?:回复|输出|说出?|打印)\s?[:：]?\s?{QUOTED_ZH}",
        r"(?:以上|上述|前面|之前|其他)的?(?:内容|资料|段落|说法|指令|指示|规则|要求)\S{0,6}(?:作废|无效|失效|(?<![被易会])忽略|不要)",
        r"从现在(?:起|开始)[,，]?\s?(?:你|请|所有|只|都|一律|回|不)|系统(?:通知|消息|指令|命令)\s?[:：]",
        r"(?:无论|不管)(?:(?:用户|对方|别人|谁)\S{0,4}[是问说]|(?:问题|问)(?:是什么|什么|为何|如何)).{0,12}(?:一律|你|请|必须|只|回复|回答|说)",
    ),
)


@lru_cache(maxsize=8192)
def gives_orders(text: str) -> bool:
    """Whether a sentence of a document speaks to its reader's assistant instead of about its subject."""
    return bool(_ORDERS.given(text))
