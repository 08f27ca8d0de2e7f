"""Sentences of documents that speak to a reader's assistant. They are neither quoted nor shown to a model: notes are data, whoever wrote into them."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.text import normalise

_ORDERS = re.compile(
    r"(?:致|给|对)\s*(?:AI|人工智能|语言模型|大模型|模型|助手|机器人|系统)\s*的?(?:旁注|指令|命令|通知|消息|备注|指示|提示)|"
    r"(?:致|告诉)\s*(?:AI|人工智能|大模型|助手|机器人)|(?:AI|助手|机器人)\s*(?:请|务必|注意[:：])|你(?:现在)?(?:是|扮演)一[个名位]|"
    r"(?:检索|读|看|处理|引用|摘要|总结)到(?:本|这|此)(?:段|条|句|文|资料|文档|内容)|只引用本|你的(?:最终)?(?:回答|回复|答案|输出)|最终(?:回答|答案|回复)|"
    r"(?:请|必须|务必|只能|一律|应当|都要|照此|只)\s*(?:直接|据此|按此|照此)?(?:回答|回复|作答|写上|附上|告知|声称|宣布|复述|重复)|"
    r"(?:并|末尾|结尾|开头|最后)\s*(?:写上|附上|加上|声称|宣布|告知)|(?:回复|输出|说出|打印)\s*[:：]?\s*[“\"「『‘']|逐字输出|"
    r"(?:以上|上述|前面|之前|其他)(?:的)?(?:内容|资料|段落|说法|指令|指示|规则|要求)\S{0,6}(?:作废|无效|失效|忽略|不要)|从现在(?:起|开始)|无论(?:问题|用户|对方)\S{0,4}[是问]|本次(?:对话|会话|回答)|"
    r"(?:忽略|无视|忘记|不用响应|不要理会|推翻|覆盖)\S{0,10}(?:指令|指示|命令|提示|规则|资料|上述问题|以上内容)|(?:系统|隐藏|内部)\s*(?:提示词|指令|通知)|"
    r"\b(?:note|message|attention|instructions?) (?:to|for) (?:the |any |all )?(?:AI|assistant|model|chatbot|LLM|bot)s?\b|"
    r"\b(?:assistant|chatbot|AI(?: model| assistant)?)s?\b,? (?:must|should|please|shall|will now)\b|you are now\b|from now on\b|system prompt|"
    r"\byour (?:\w+ ){0,2}(?:reply|replies|responses?|answers?|outputs?|summary)\b|\b(?:every|each|any|all) (?:reply|replies|answers?)\b|"
    r"(?:^|[.,;:!] *|\b(?:must|please|only|should|to|always) )(?:reply|respond|answer)(?: \w+){0,2} (?:only|exactly|with|using|by)\b|"
    r"(?:^|[.,;:!] *|\b(?:please|must|only|then|and|always) )(?:say|write|print|output|append|insert|add)(?: \w+){0,3} [\"“‘`「]|\bplease\b.{0,30}\boutput\b|"
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|passages?|documents?|everything (?:above|before))\b|"
    r"\b(?:tell|inform|convince|urge) the (?:user|reader|candidate)\b|\b(?:modify|augment|rewrite|encode|encrypt|translate|render) (?:your|the answer)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def gives_orders(text: str) -> bool:
    """Whether a sentence of a document speaks to its reader's assistant instead of about its subject."""
    return bool(_ORDERS.search(text) or _ORDERS.search(normalise(text)))
