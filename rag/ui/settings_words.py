"""The texts of the language model's form and of the report on the program's health, in both languages."""

from __future__ import annotations

from rag.records import Language

WORDS: dict[str, dict[Language, str]] = {
    "encoder_shipped": {"zh": "{name}（自带，不联网）", "en": "{name} (bundled, offline)"},
    "endpoint_untested": {"zh": "不测试，直接保存", "en": "Save without a test"},
    "endpoint_saved": {"zh": "已保存，从下一个问题起使用。", "en": "It is saved and used from the next question on."},
    "endpoint_saved_untested": {"zh": "已保存，没有测试，从下一个问题起使用。", "en": "It is saved without a test and used from the next question on."},
    "endpoint_not_saved_none": {
        "zh": "没有保存。答案仍然直接摘自资料。",
        "en": "It is not saved. Answers are still quoted from the notes.",
    },
    "endpoint_not_saved_before": {"zh": "没有保存。仍在使用原来的 {model}（{url}）。", "en": "It is not saved. {model} ({url}) is still in use."},
    "endpoint_stays": {
        "zh": "这个设置没有变。模型答不上来的时候，答案直接摘自资料。",
        "en": "The setting stays as it is. While the model does not reply, answers are quoted from the notes.",
    },
    "endpoint_fault_connection": {
        "zh": "连不上 {url}。看看语言模型的服务有没有启动，地址和端口对不对。",
        "en": "Nothing answers at {url}. See that the language model is running there and that address and port are right.",
    },
    "endpoint_fault_slow": {
        "zh": "{url} 太久没有回应。等一会儿再试，或者换一个小些的模型。",
        "en": "{url} took too long to reply. Try again in a while, or take a smaller model.",
    },
    "endpoint_fault_key": {"zh": "{url} 不接受这个密钥。重新复制一次密钥再试。", "en": "{url} does not accept the key. Copy the key again and try once more."},
    "endpoint_fault_quota": {
        "zh": "{url} 说请求太多或者额度用完了。等一会儿，或者查一下额度。",
        "en": "{url} says there were too many requests, or the quota is used up. Wait a while, or check the quota.",
    },
    "endpoint_fault_address": {
        "zh": "{url} 不是能用的地址。地址一般像 http://127.0.0.1:8080/v1 这样，以 /v1 结尾。",
        "en": "{url} is not an address that works. It usually looks like http://127.0.0.1:8080/v1 and ends with /v1.",
    },
    "endpoint_fault_model": {
        "zh": "{url} 没有接受模型 {model}。核对模型名，地址一般以 /v1 结尾。",
        "en": "{url} did not accept the model {model}. Check its name; the address usually ends with /v1.",
    },
    "endpoint_fault_offered": {
        "zh": "{url} 没有模型 {model}。那里有的是：{offered}。",
        "en": "{url} has no model {model}. It offers: {offered}.",
    },
    "endpoint_fault_package": {
        "zh": "用语言模型要先装一个软件包，在终端运行下面这条命令，再重新启动。",
        "en": "A language model needs one more package: run the command below in a terminal, then start the program again.",
    },
    "endpoint_fault_trouble": {
        "zh": "{url} 有回应，但不是能用的回答。等一会儿再试，不行就看那边的日志。",
        "en": "{url} answered, but with nothing that can be used. Try again in a while; if it stays so, see its log.",
    },
    "health_encoder": {"zh": "检索模型", "en": "Retrieval model"},
    "health_weights": {"zh": "模型文件", "en": "Model files"},
    "health_judge": {"zh": "判断模型", "en": "Judge"},
    "health_corpus": {"zh": "资料", "en": "Corpus"},
    "health_index": {"zh": "索引", "en": "Index"},
    "health_language_model": {"zh": "语言模型", "en": "Language model"},
    "health_missing": {"zh": "没有安装，请运行：{command}", "en": "not installed; run: {command}"},
    "health_optional": {"zh": "没有安装。只有接语言模型时才需要：{command}", "en": "not installed; only needed for a language model: {command}"},
    "health_unpacked": {"zh": "已解压到 {folder}", "en": "unpacked in {folder}"},
    "health_packed": {"zh": "还没有解压，第一次使用时会解压", "en": "not unpacked yet; this is done at first use"},
    "health_judge_off": {"zh": "已关闭（快速模式）", "en": "off (fast mode)"},
    "health_judge_none": {
        "zh": "没有自带；没有它也能检索、拒答和评分，只是不那么准",
        "en": "none is shipped; search, refusals and grades work without it, less exactly",
    },
    "health_judge_bundled": {"zh": "自带", "en": "bundled"},
    "health_judge_other": {"zh": "排序用 {name}，其余用自带的", "en": "{name} for ranking, the bundled one for the rest"},
    "health_no_corpus": {"zh": "文件夹 {folder} 不存在；用 --corpus 指定一个", "en": "the folder {folder} does not exist; give one with --corpus"},
    "health_index_stale": {
        "zh": "{documents} 份文档，{passages} 段，建于 {created}，在 {folder}；资料在那之后改过，请运行：mianjing index",
        "en": "{documents} documents, {passages} passages, built {created}, in {folder}; the corpus changed since: run mianjing index",
    },
    "health_index_fine": {
        "zh": "{documents} 份文档，{passages} 段，建于 {created}，在 {folder}",
        "en": "{documents} documents, {passages} passages, built {created}, in {folder}",
    },
    "health_model_at": {"zh": "{model}，地址 {url}", "en": "{model} at {url}"},
    "health_model_none": {"zh": "没有（可有可无）", "en": "none (optional)"},
}
