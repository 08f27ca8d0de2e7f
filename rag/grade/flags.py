"""What a reply is apart from its content: empty, a shrug, an echo of the question, a list of keywords, instructions to the grader."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grade.clauses import Clause, units
from rag.text import content_terms, normalise

_GRADER = r"(?:评分|打分|阅卷|评审|评卷|判分|给分|得分|满分|总分|高分|及格分|考官|面试官|判卷|批改)"
_INJECTION = re.compile(
    r"满分|给我(?:及格|高|满)?分|(?:给|记|打|判|评|计|得|锁定为?)\s*(?:为)?\s*(?:100|满|10)\s*分|100\s*分|10\s*/\s*10|"
    r"(?:忽略|无视|跳过|覆盖|不要管|不用管).{0,12}(?:评分|规则|指令|提示|标准|要点|key ?point|rubric|instruction)|"
    r"(?:评分|阅卷|打分|评审|评卷)(?:模型|系统|助理|助手|脚本|程序|员|ai|平台|老师)|(?:模型|系统)(?:无需|不用|请)(?:再)?(?:评|遵守|按|直接)|"
    r"(?:管理员|系统|平台|出题人|专家)(?:补充|注释|公告|通告|通知|日志|提示|已|委员会)|免考|内推候选人|人工复核|无需(?:再)?评(?:分)?|请(?:直接|只)(?:输出|写|给|记)|"
    r"(?:上一位|别的|其他)(?:候选人|考生).{0,8}(?:回答|高分)|(?:与|和)(?:参考|标准)答案(?:相同|一致|一样)|标准答案(?:是|关键词)|作为一个大型语言模型|"
    r"</?(?:answer|grade|system|score|user|assistant)\b|\[\s*(?:system|inst|admin)|\bscore\s*[=:]\s*\d|\breturn\s+(?:100|full)|"
    r"\bfull (?:marks?|score|credit|points)\b|\bperfect score\b|\b100\s*(?:/\s*100|points|%? ?score)|\b(?:set|give|award|assign|output|grant)\b.{0,24}\b(?:score|marks?|points|grade|100|hits?)\b|"
    r"\b(?:ignore|disregard|forget|override|skip)\b.{0,30}\b(?:rubric|instructions?|rules?|prompt|criteria|key points?|guidelines|grading|above|previous)\b|"
    r"\b(?:dear|hello|hi|attention|note to)\b.{0,12}\b(?:evaluator|grader|examiner|ai|model|llm|judge|marker|assessor)\b|\bas (?:an ai|a large) language model\b|"
    r"\b(?:system|admin(?:istrator)?|developer) (?:message|note|prompt|override|notice)\b|\bpre-?approved\b|\bmark (?:all|every|each)\b.{0,20}\b(?:hit|correct|covered)\b|"
    r"\bsame as (?:the )?(?:reference|model) answer\b"
)
_SHRUG = re.compile(
    r"不知道|不清楚|不太清楚|不是很清楚|不了解|不太了解|没了解|没有了解|不会(?:做|答|这|$|[，。,.！!])|没听说|没听过|没学过|没有学过|没看过|没接触|没有接触|忘了|忘记了|全忘|"
    r"记不清|记不得|不记得|想不起|没印象|没有印象|没(?:有)?(?:深究|细究|想过|研究过|用过)|没有自己用过|答不(?:上|出)|说不(?:上|出|清)|不懂|不熟|跳过|不瞎说|不编|抱歉|过吧|放弃|"
    r"听(?:说)?过(?:名字|这个)|(?:我)?只(?:记得|知道|听)|这个(?:没|不)(?:会|懂)|"
    r"\b(?:i )?(?:do ?n[o']?t|did ?n[o']?t|can ?n?[o']?t|could ?n[o']?t) (?:really |actually |quite )?(?:know|remember|recall|understand|think of|say|answer)|\bno (?:idea|clue)\b|\bnot (?:really )?(?:sure|familiar)\b|"
    r"\bnever (?:heard|seen|studied|learn(?:ed|t)|used|read)|\b(?:have ?n[o']t|haven't) (?:really )?(?:studied|seen|heard|read|used|looked|learn)|\bforg[oe]t|\bi(?:'ll| will)? (?:skip|pass)\b|^(?:pass|skip|sorry|idk|n/?a|dunno)\b|"
    r"\bno (?:answer|response|submission)\b|\bunfamiliar\b|\bout of my|\bsorry\b|\bi(?:'ve| have)? only (?:seen|know|heard|use)|\bi use the default"
)
_GENERIC = frozenset(
    "作用 方面 原因 问题 东西 情况 意义 含义 特点 区别 联系 关系 方法 方式 过程 使用 用途 起到 里面 很多 各有 各有不同 不同 得到 一定 进行 通过 用 有用 重要 存在 理由 "
    "解释 概念 理解 认为 取 得 看 还有 多 之所以 正 具有 意思 答案 题目 本身 本题 这题 机制 部分 方案 体现 效果 领域 结果 工具 能力 发展 技术 模型 网络 深度 学习 深度学习 经典".split()
) | frozenset(
    "thing reason function way relat explan call own different differ importanc important use work method approach technique concept idea exist kind type case answer question "
    "help good better several various certain certainli realli model network learn deep".split()
)
_SEPARATOR = re.compile(r"[、，,;；/|·。.\n\t]+(?:\s|$)?|(?<=[\u4e00-\u9fff])[、，,;；。]")
_SAYS = re.compile(
    r"[的是在会把就了所因比让使能可要用当于它这那从到将即为有更很都只又再每先像没不做算看取求变给找猜记去叠插负责像差]|允许|加快|带来|相比|代替|容易|表示|提高|降低|减少|增加|"
    r"\b(?:is|are|was|were|because|so|that|it|its|by|when|which|can|will|be|not|has|have|does|as|than|you|we|to|makes?|gives?|uses?|helps?|reduces?|if|with)\b"
)
_RELATION = re.compile(r"[=→<>≤≥∝∑∏√∂{}^²]|->|\w\(")
KEYWORD_ITEMS = 5
KEYWORD_UNITS = 5.0
KEYWORD_SAYING = 0.25
SHRUG_REST = 16
"""A reply that shrugs and says no more than this many units besides is a shrug."""


def is_injection(text: str) -> bool:
    """Whether a text gives the grader instructions or claims a grade for itself."""
    return bool(_INJECTION.search(normalise(text)))


def is_empty(text: str) -> bool:
    """Whether there is nothing to grade: no two words, ideographs or numbers, or a mere pointer elsewhere."""
    plain = normalise(text).strip(" .。!！?？…-—~、,，")
    return units(plain) < 2 or plain in {"同上", "略", "无", "没有", "ditto", "none", "n/a", "same as above", "no answer", "no response", "no submission"}


def shrugs(clauses: Sequence[Clause]) -> bool:
    """Whether a reply says that it does not know, and little else."""
    sure = [c for c in clauses if not _SHRUG.search(normalise(c.text))]
    return len(sure) < len(clauses) and sum(c.units for c in sure) <= SHRUG_REST


def novelty(question: str, reply: str) -> float:
    """The share of the reply's terms that are neither the question's nor empty phrases; 0 for a pure echo."""
    asked = set(content_terms(question)) | _GENERIC
    said = [t for t in content_terms(reply) if not t.isdigit()]
    fresh = [t for t in said if t not in asked and not any(t in a or a in t for a in asked if len(a) > 1 and len(t) > 1 and not t.isascii())]
    return len(fresh) / len(said) if said else 1.0


def is_echo(question: str, reply: str) -> bool:
    """Whether a reply only gives the question back."""
    said = content_terms(reply)
    return len(said) >= 2 and novelty(question, reply) <= ECHO_NOVELTY and not _RELATION.search(reply)


ECHO_NOVELTY = 0.3


def is_keyword_list(reply: str) -> bool:
    """Whether a reply lists terms without saying anything about them: five short items or more, few of which hold a verb or particle."""
    plain = normalise(reply)
    if _RELATION.search(plain):
        return False
    listed = re.sub(r"^[^：:]{0,12}[：:]", "", plain)
    items = [i for i in _SEPARATOR.split(listed) if units(i)]
    if len(items) < KEYWORD_ITEMS:
        bare = re.search(r"[\u3400-\u9fff]", listed) and not re.search(r"[，、,；;]", listed)
        items = [i for i in listed.split() if units(i)] if bare else []
    if len(items) < KEYWORD_ITEMS:
        return False
    saying = sum(1 for i in items if _SAYS.search(i) and units(i) > 1)
    return sum(units(i) for i in items) / len(items) <= KEYWORD_UNITS and saying <= KEYWORD_SAYING * len(items)
