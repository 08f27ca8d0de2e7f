"""Every text of the page, in both languages."""

from __future__ import annotations

from rag.records import Language
from rag.ui import corpus_words, interview_words, settings_words

LANGUAGES: tuple[Language, ...] = ("zh", "en")

STRINGS: dict[str, dict[Language, str]] = {
    # the frame of the page
    "name": {"zh": "面经", "en": "mianjing"},
    "motto": {"zh": "每句话都有出处", "en": "every sentence has a source"},
    "switch_language": {"zh": "界面语言", "en": "Language of the interface"},
    "switch_theme": {"zh": "切换深色与浅色", "en": "Switch between dark and light"},
    "tab_ask": {"zh": "提问", "en": "Ask"},
    "tab_corpus": {"zh": "资料", "en": "Corpus"},
    "tab_settings": {"zh": "设置", "en": "Settings"},
    # settings
    "set_interface": {"zh": "界面", "en": "Interface"},
    "theme": {"zh": "外观", "en": "Appearance"},
    "theme_system": {"zh": "跟随系统", "en": "As the system"},
    "theme_light": {"zh": "浅色", "en": "Light"},
    "theme_dark": {"zh": "深色", "en": "Dark"},
    "set_answers": {"zh": "回答", "en": "Answers"},
    "set_answers_help": {
        "zh": "模型和资料的位置写在 mianjing.toml 里，改过之后重新启动。语言模型可有可无。",
        "en": "Models and folders are set in mianjing.toml; restart after a change. A language model is optional.",
    },
    "encoder": {"zh": "检索模型", "en": "Retrieval model"},
    "encoder_bundled": {"zh": "自带的离线模型", "en": "the bundled offline model"},
    "endpoint": {"zh": "语言模型", "en": "Language model"},
    "endpoint_none": {"zh": "没有配置，答案直接摘自资料", "en": "none; answers are quoted from the notes"},
    "endpoint_test": {"zh": "测试连接", "en": "Test it"},
    "endpoint_set": {"zh": "设置语言模型", "en": "Set a language model"},
    "endpoint_base_url": {"zh": "地址（OpenAI 兼容）", "en": "Address (OpenAI-compatible)"},
    "endpoint_model": {"zh": "模型名", "en": "Model"},
    "endpoint_api_key": {"zh": "密钥，可以不填", "en": "Key, if it needs one"},
    "endpoint_key_kept": {"zh": "已保存，留空就不变", "en": "kept; leave empty to keep it"},
    "endpoint_save": {"zh": "测试并保存", "en": "Test and save"},
    "endpoint_forget": {"zh": "不再使用", "en": "Stop using it"},
    "endpoint_forgotten": {"zh": "已停用，密钥也删掉了。", "en": "It is no longer used, and its key is deleted."},
    "endpoint_fixed": {
        "zh": "这一项由配置文件、环境变量或对外开放的地址决定，不能在网页上改。",
        "en": "This is set in the file or the environment, or the page is open to others; it cannot be changed here.",
    },
    "set_grading": {"zh": "评分", "en": "Grading"},
    "set_grading_help": {"zh": "从下一次评分起生效，已有的分数不变。", "en": "It counts from the next grade on; earlier ones stay as they are."},
    "second_opinion": {"zh": "评分后再问语言模型的看法，不同之处列在成绩旁边", "en": "Ask the language model too, and show beside the grade where it differs"},
    "strictness": {"zh": "松紧", "en": "Strictness"},
    "strict_lenient": {"zh": "宽松", "en": "Lenient"},
    "strict_normal": {"zh": "适中", "en": "Normal"},
    "strict_strict": {"zh": "严格", "en": "Strict"},
    "set_data": {"zh": "我的数据", "en": "My data"},
    "data_count": {
        "zh": "这个浏览器存了 {count} 段对话，只保存在运行程序的这台机器上。",
        "en": "{count} conversations of this browser are kept, on the machine that runs the program.",
    },
    "data_count_one": {
        "zh": "这个浏览器存了 {count} 段对话，只保存在运行程序的这台机器上。",
        "en": "{count} conversation of this browser is kept, on the machine that runs the program.",
    },
    "data_export": {"zh": "导出", "en": "Export"},
    "data_delete": {"zh": "全部删除", "en": "Delete all"},
    "data_sure": {"zh": "确认全部删除", "en": "Really delete all"},
    "data_deleted": {"zh": "删除了 {count} 段对话和其中的评价。", "en": "Conversations deleted: {count}, with what was said of their answers."},
    "set_about": {"zh": "版本和状态", "en": "Version and health"},
    "health_check": {"zh": "检查", "en": "Check"},
    "health_ok": {"zh": "正常", "en": "fine"},
    "health_bad": {"zh": "有问题", "en": "wrong"},
    # opening
    "opening_model": {"zh": "正在载入模型，可以先把问题写好。", "en": "Loading the model. You can write your question meanwhile."},
    "opening_read": {"zh": "正在读取资料 {done}/{total}", "en": "Reading documents, {done} of {total}"},
    "opening_embed": {"zh": "第一次使用，正在建立索引 {done}/{total}", "en": "Building the index for the first time, {done} of {total}"},
    "opening_write": {"zh": "正在保存索引", "en": "Saving the index"},
    "opening_failed": {"zh": "没能打开资料：{fault}", "en": "The corpus could not be opened: {fault}"},
    "opening_unexpected": {"zh": "没能打开资料，原因见运行程序的终端。", "en": "The corpus could not be opened; the terminal that runs the program says why."},
    "still_opening": {"zh": "还在载入，请稍等几秒再试。", "en": "Still loading; try again in a few seconds."},
    # ask
    "ask_title": {"zh": "问一道面试题", "en": "Ask an interview question"},
    "ask_lead": {
        "zh": "答案取自你的 {documents} 份资料，每句话都标出处，点编号就能看原文。资料里没有的，会直说。",
        "en": "Answers come from your {documents} documents, and every sentence has a number that leads to its source. What they do not answer, I say.",
    },
    "ask_lead_opening": {
        "zh": "答案取自你的资料，每句话都标出处，点编号就能看原文。资料里没有的，会直说。",
        "en": "Answers come from your documents, and every sentence has a number that leads to its source. What they do not answer, I say.",
    },
    "examples": {"zh": "可以这样问", "en": "Try one of these"},
    "question_label": {"zh": "你的问题", "en": "Your question"},
    "question_hint": {"zh": "问一道深度学习面试题", "en": "Ask a deep-learning interview question"},
    "keys": {"zh": "Enter 发送，Shift+Enter 换行，/ 回到输入框，Esc 停止", "en": "Enter sends, Shift+Enter breaks the line, / returns here, Esc stops"},
    "send": {"zh": "提问", "en": "Ask"},
    "stop": {"zh": "停止", "en": "Stop"},
    "new_conversation": {"zh": "新对话", "en": "New conversation"},
    "conversation": {"zh": "对话", "en": "Conversation"},
    "thinking": {"zh": "正在查找资料", "en": "Looking through the notes"},
    "waiting_model": {"zh": "模型还在载入，好了就回答", "en": "The model is still loading; the answer comes as soon as it is ready"},
    "stopped": {"zh": "这个问题没有答完。", "en": "This question was not answered to the end."},
    "earlier": {"zh": "更早的 {count} 个问题已收起。", "en": "{count} earlier questions are folded away."},
    "edit": {"zh": "修改", "en": "Edit"},
    "editing": {"zh": "正在修改这个问题，发送后它后面的内容会重来。", "en": "You are editing this question; what follows it will be answered anew."},
    "cancel": {"zh": "取消", "en": "Cancel"},
    "again": {"zh": "重答", "en": "Answer again"},
    "verdict": {"zh": "这个回答怎么样", "en": "What do you think of this answer"},
    "verdict_helpful": {"zh": "有用", "en": "Helpful"},
    "verdict_wrong_source": {"zh": "出处不对", "en": "Wrong source"},
    "verdict_wrong_answer": {"zh": "答案不对", "en": "Wrong answer"},
    "limited": {"zh": "只在这些资料里找：{names}", "en": "Searched only in: {names}"},
    "scope_all": {"zh": "范围：全部资料", "en": "Search in all documents"},
    "scope_some": {"zh": "范围：{count} 份资料", "en": "Search in {count} documents"},
    "scope_one": {"zh": "范围：{count} 份资料", "en": "Search in {count} document"},
    "scope_help": {"zh": "只在选中的资料里找，一个都不选就是全部。", "en": "Only the chosen documents are searched; none chosen means all."},
    "past": {"zh": "以前的对话", "en": "Earlier conversations"},
    "past_find": {"zh": "查找对话", "en": "Find a conversation"},
    "past_nothing": {"zh": "没有这样的对话。", "en": "No conversation is called that."},
    "past_count": {"zh": "{count} 个问题", "en": "{count} questions"},
    "past_count_one": {"zh": "{count} 个问题", "en": "{count} question"},
    "past_more": {"zh": "改名或删除：{title}", "en": "Rename or delete: {title}"},
    "past_name": {"zh": "对话的名字", "en": "Name of the conversation"},
    "past_rename": {"zh": "改名", "en": "Rename"},
    "past_delete": {"zh": "删除", "en": "Delete"},
    "past_sure": {"zh": "确认删除", "en": "Really delete"},
    "fault_no_interview": {"zh": "这场面试已经不在了，请重新开始一场", "en": "This interview is gone; start another one"},
    "fault_went_on": {"zh": "这场面试在另一个窗口里继续了，请重新打开它", "en": "This interview went on in another window; open it again"},
    "fault_profile_taken": {"zh": "已经有叫“{name}”的人了，换个名字", "en": "There is somebody called “{name}” already; take another name"},
    "fault_profile_name": {"zh": "名字要有 1 到 {most} 个可见字符", "en": "A name has 1 to {most} visible characters"},
    "fault_no_profile": {"zh": "这个人的记录已经不在了，请换一个人或新建", "en": "This person's records are gone; choose somebody else or add a name"},
    "fault_no_question": {"zh": "所选的领域和难度里没有题目，放宽一些再试", "en": "There is no question of these areas and difficulties; choose more of them"},
    "fault_none_due": {"zh": "现在没有到期的题目，换一种方式选题", "en": "No question is due now; choose questions another way"},
    "fault_none_in_document": {"zh": "所选领域里没有出自 {document} 的题目", "en": "No question of these areas comes from {document}"},
    "fault_no_reply": {"zh": "回答是空的；写点内容，或者跳过这道题", "en": "The reply is empty; write something, or skip the question"},
    "fault_not_now": {"zh": "现在不能这样做，请刷新页面再试", "en": "This cannot be done now; reload the page and try again"},
    "fault_no_conversation": {"zh": "这段对话已经不在了", "en": "This conversation is gone"},
    "fault_newer_version": {"zh": "记录是由更新版本的程序写的，请升级 mianjing", "en": "The history was written by a newer version; upgrade mianjing"},
    "fault_endpoint_fields": {
        "zh": "要填地址（例如 http://127.0.0.1:8080/v1）和模型名。",
        "en": "Give an address, such as http://127.0.0.1:8080/v1, and the name of a model.",
    },
    "fault_not_written": {
        "zh": "{file} 写不进去（{reason}），所以没有保存；请把 data_dir 设为可以写的文件夹。",
        "en": "{file} cannot be written ({reason}), so nothing is saved; set data_dir to a folder that can be written.",
    },
    "not_kept": {"zh": "这次对话没能保存：{fault}", "en": "This conversation could not be saved: {fault}"},
    "understood": {"zh": "按这个意思回答：{question}", "en": "Understood as: {question}"},
    "caution": {"zh": "下面的内容可能只是相关，请对照原文再用。", "en": "What follows may only be related to your question; check it against the source."},
    "closest": {"zh": "资料能回答这些：", "en": "The notes can answer these:"},
    "cite_name": {"zh": "出处 {number}：{title}", "en": "Source {number}: {title}"},
    "copy": {"zh": "复制", "en": "Copy"},
    "copied": {"zh": "已复制", "en": "Copied"},
    "copy_help": {"zh": "复制答案和出处", "en": "Copy the answer with its sources"},
    "copy_sources": {"zh": "出处", "en": "Sources"},
    "confidence": {"zh": "把握 {percent}%", "en": "{percent}% sure"},
    "confidence_help": {"zh": "资料能回答这个问题的概率，由评测数据校准", "en": "The calibrated probability that the notes answer this question"},
    "how": {"zh": "怎么得到的", "en": "How it was found"},
    "how_question": {"zh": "检索用的问题", "en": "Question searched for"},
    "how_time": {"zh": "用时", "en": "Time"},
    "how_confidence": {"zh": "把握", "en": "Confidence"},
    "how_engine": {"zh": "措辞", "en": "Wording"},
    "how_passages": {"zh": "用到的段落", "en": "Passages used"},
    "engine_evidence": {"zh": "直接摘自资料", "en": "quoted from the notes"},
    "engine_model": {"zh": "语言模型 {name}", "en": "language model {name}"},
    "milliseconds": {"zh": "{stage} {ms} 毫秒", "en": "{stage} {ms} ms"},
    "stage_search": {"zh": "检索", "en": "search"},
    "stage_answer": {"zh": "组织答案", "en": "answer"},
    "stage_judge": {"zh": "判断", "en": "judge"},
    "stage_model": {"zh": "语言模型", "en": "model"},
    "part_dense": {"zh": "语义", "en": "meaning"},
    "part_passage": {"zh": "整段", "en": "passage"},
    "part_question": {"zh": "题目", "en": "question"},
    "part_unit": {"zh": "单句", "en": "sentence"},
    "part_sparse": {"zh": "字词", "en": "words"},
    "part_judge": {"zh": "判断", "en": "judge"},
    # sources
    "sources": {"zh": "出处", "en": "Sources"},
    "sources_empty": {"zh": "答案引用的原文会出现在这里。", "en": "The passages an answer quotes appear here."},
    "sources_count": {"zh": "{passages} 段原文，{spans} 处引用", "en": "{passages} passages, {spans} quotes"},
    "sources_count_one": {"zh": "1 段原文，{spans} 处引用", "en": "1 passage, {spans} quotes"},
    "sources_nearest": {"zh": "最接近的段落，但都没有回答这个问题", "en": "The nearest passages; none of them answers the question"},
    "sources_none": {"zh": "这条回答没有引用资料。", "en": "This reply quotes no source."},
    "open_document": {"zh": "在全文中查看", "en": "Show in the document"},
    "back": {"zh": "返回出处", "en": "Back to the sources"},
    "back_results": {"zh": "返回结果", "en": "Back to the results"},
    "to_answer": {"zh": "回到答案", "en": "Back to the answer"},
    "contents": {"zh": "目录，{count} 节", "en": "Contents, {count} sections"},
    "cut": {"zh": "文档很长，这里只显示引用前后的部分。", "en": "The document is long; only the part around the quote is shown."},
    "changed": {"zh": "这份文档改过了，原来引用的那段已经不在原处。", "en": "This document has changed since; the quoted span is no longer where it was."},
    "gone": {"zh": "这份文档已不在资料里。", "en": "This document is no longer in the corpus."},
    # corpus
    "documents": {"zh": "文档", "en": "Documents"},
    "documents_count": {"zh": "{documents} 份文档，{passages} 段", "en": "{documents} documents, {passages} passages"},
    "documents_opening": {"zh": "资料载入后会列在这里。", "en": "The documents appear here once they are loaded."},
    "column_title": {"zh": "标题", "en": "Title"},
    "column_language": {"zh": "语言", "en": "Language"},
    "column_passages": {"zh": "段落", "en": "Passages"},
    "column_length": {"zh": "字数", "en": "Characters"},
    "language_zh": {"zh": "中文", "en": "Chinese"},
    "language_en": {"zh": "英文", "en": "English"},
    "search_title": {"zh": "检索测试", "en": "Retrieval test"},
    "search_lead": {"zh": "看看一个问题会找到哪些段落，分数由哪几部分组成。", "en": "See which passages a question finds and what their scores are made of."},
    "search_label": {"zh": "检索词或问题", "en": "Words or a question"},
    "search_hint": {"zh": "例如：梯度消失", "en": "For example: vanishing gradient"},
    "search_send": {"zh": "检索", "en": "Search"},
    "search_found": {"zh": "“{query}”的前 {count} 段，{ms} 毫秒", "en": "Top {count} passages for “{query}”, {ms} ms"},
    "search_nothing": {"zh": "没有找到段落。", "en": "No passage found."},
    "score": {"zh": "分数", "en": "Score"},
    **interview_words.WORDS,
    **settings_words.WORDS,
    **corpus_words.WORDS,
}

EXAMPLES: dict[Language, tuple[str, ...]] = {
    "zh": ("为什么 dropout 能防止过拟合？", "梯度消失是怎么造成的？", "什么样的数据集不适合用深度学习？"),
    "en": ("Why does dropout prevent overfitting?", "What causes vanishing gradients?", "Which datasets are unsuitable for deep learning?"),
}


def say(language: Language, key: str, **values: object) -> str:
    """A text of the page with its places filled."""
    return STRINGS[key][language].format(**values)


def known(key: str) -> bool:
    """Whether there is a text of that key."""
    return key in STRINGS


def language_of_browser(accepted: str) -> Language:
    """The first of our languages that a browser accepts (an Accept-Language header); English when it names neither."""
    for part in accepted.lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code == "zh":
            return "zh"
        if code == "en":
            return "en"
    return "en"
