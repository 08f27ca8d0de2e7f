/* What the page does by itself: theme, keys, formulas, scrolling. Everything it shows comes from the server, escaped. */
(() => {
  "use strict";
  const root = document.documentElement;
  const mianjing = (window.mianjing = {});
  const ask = { trigger: null, chat: null, held: null };
  let lastChip = null;

  /* Where the reader is, kept for as long as this browser tab: the page opens there again. */
  const PLACE = "mianjing-place";
  mianjing.came = (() => { try { return sessionStorage.getItem(PLACE) ?? ""; } catch { return ""; } })();
  let place = (() => { try { return JSON.parse(mianjing.came) ?? {}; } catch { return {}; } })();
  mianjing.keep = (changed) => {
    place = { ...place, ...changed };
    try { sessionStorage.setItem(PLACE, JSON.stringify(place)); } catch { /* private window */ }
  };

  /* Theme: the system's, or the reader's choice, kept in this browser. */
  const kept = () => { try { return localStorage.getItem("mianjing-theme"); } catch { return null; } };
  const asked = new URLSearchParams(location.search).get("__theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const setTheme = () => {
    const choice = asked || kept();
    root.dataset.theme = choice === "dark" || (choice !== "light" && system.matches) ? "dark" : "light";
    root.style.colorScheme = root.dataset.theme;
    document.body?.classList.toggle("dark", root.dataset.theme === "dark");
  };
  setTheme();
  system.addEventListener("change", () => setTimeout(setTheme));
  document.addEventListener("DOMContentLoaded", () => {
    setTheme();
    new MutationObserver(() => {
      if (document.body.classList.contains("dark") !== (root.dataset.theme === "dark")) setTheme();
    }).observe(document.body, { attributeFilter: ["class"] });
  });

  /* Language: the one the page is in, remembered so that words and dates are right before the server has said it. */
  const SPOKEN = "mianjing-spoken";
  const remembered = () => { try { return localStorage.getItem(SPOKEN); } catch { return null; } };
  const speak = (language) => {
    const name = language === "zh" ? "zh-CN" : "en";
    if (root.lang === name) return;
    root.lang = name;
    localTimes(document);
  };
  const localTimes = (element) => element.querySelectorAll("time[datetime]").forEach((place) => {
    const date = new Date(place.dateTime);
    place.textContent = date.toLocaleString(root.lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  });
  speak(remembered() ?? (navigator.languages.map((name) => name.slice(0, 2).toLowerCase()).find((name) => name === "zh" || name === "en") ?? "en"));

  /* Formulas: KaTeX is fetched from this server when the first one appears. */
  let katex = null;
  const made = new Map();
  const loadKatex = () => (katex ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "static/mianjing/katex/katex.min.css" });
    const code = Object.assign(document.createElement("script"), { src: "static/mianjing/katex/katex.min.js", onload: () => resolve(window.katex), onerror: reject });
    document.head.append(style, code);
  }));
  const typeset = (element) => {
    const found = element.querySelectorAll(".tex:not(:has(.katex))");
    if (!found.length) return Promise.resolve();
    const draw = () => found.forEach((place) => {
      if (place.firstElementChild) return; /* drawn while KaTeX was on its way */
      const display = place.classList.contains("tex-display");
      const key = (display ? "d" : "i") + place.textContent;
      if (!made.has(key)) {
        const options = { displayMode: display, throwOnError: false, trust: false, strict: "ignore", maxExpand: 200, maxSize: 20 };
        made.set(key, window.katex.renderToString(place.textContent, options));
      }
      place.innerHTML = made.get(key);
      if (display && place.scrollWidth > place.clientWidth) place.tabIndex = 0; /* what must be scrolled can be reached by keyboard */
    });
    if (window.katex) { draw(); return Promise.resolve(); }
    return loadKatex().then(draw);
  };

  const wide = () => matchMedia("(min-width: 60rem)").matches;
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  const on = (element, selector, act) => element.addEventListener("click", (event) => {
    const hit = event.target.closest(selector);
    if (hit && element.contains(hit)) { event.preventDefault(); act(hit); }
  });

  mianjing.header = (element, trigger, props, watch) => {
    const say = () => {
      const language = element.querySelector("[data-page-language]")?.dataset.pageLanguage;
      if (!language) return;
      try { localStorage.setItem(SPOKEN, language); } catch { /* private window */ }
      speak(language);
    };
    on(element, "[data-language]", (button) => trigger("select", { language: button.dataset.language }));
    on(element, "[data-theme-switch]", () => {
      try { localStorage.setItem("mianjing-theme", root.dataset.theme === "dark" ? "light" : "dark"); } catch { /* private window */ }
      setTheme();
    });
    say();
    watch("value", say);
  };

  mianjing.chat = (element, trigger, props, watch) => {
    ask.chat = element;
    let shown = "";
    watch("value", () => {
      const talk = element.querySelector(".talk");
      if (!talk) return;
      mianjing.keep({ conversation: talk.dataset.id });
      busy();
      localTimes(element);
      typeset(element);
      const now = `${talk.dataset.id} ${talk.dataset.asked}`;
      if (now !== shown) element.querySelector(".turn:last-of-type")?.scrollIntoView({ block: "start", behavior: shown ? calm() : "auto" });
      shown = now;
    });
    on(element, "[data-ask]", (button) => send(button.dataset.ask));
    on(element, "[data-again]", (button) => send(button.dataset.text, button.dataset.again));
    on(element, "[data-edit]", (button) => ask.edit?.(button.dataset.edit, button.dataset.text));
    on(element, "[data-verdict]", (button) => trigger("like", { turn: button.dataset.turn, kind: button.dataset.verdict }));
    on(element, "[data-open]", (button) => trigger("select", { id: button.dataset.open }));
    on(element, "[data-delete]", (button) => {
      if (button.classList.contains("sure")) { trigger("delete", { id: button.dataset.delete }); return; }
      button.classList.add("sure");
      button.textContent = button.dataset.sure;
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target.closest("[data-rename]");
      if (form) trigger("edit", { id: form.dataset.rename, title: form.elements.title.value });
    });
    element.addEventListener("input", (event) => {
      if (!event.target.matches("[data-filter]")) return;
      const wanted = event.target.value.trim().toLowerCase(), rows = [...element.querySelectorAll(".past > li")];
      rows.forEach((row) => { row.hidden = !row.dataset.title.includes(wanted); });
      const told = element.querySelector(".no-match");
      told.textContent = rows.every((row) => row.hidden) ? told.dataset.text : "";
    });
    /* The menu of a conversation closes as menus do. */
    document.addEventListener("click", (event) => element.querySelectorAll("details.more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
    element.addEventListener("keydown", (event) => {
      const menu = event.key === "Escape" && event.target.closest("details.more[open]");
      if (!menu) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    on(element, 'a[href^="#cite-"]', (chip) => { lastChip = chip; ask.open?.(chip.getAttribute("href").slice(6)); });
    on(element, "[data-copy]", (button) => copy(document.getElementById(button.dataset.copy)?.querySelector(".plain")?.textContent ?? "", button));
    const point = (event, yes) => {
      const chip = event.target.closest?.(".cite");
      if (chip) document.querySelectorAll(`#pane .pane[data-turn="${chip.dataset.turn}"] mark.n${chip.dataset.n}`).forEach((m) => m.classList.toggle("pointed", yes));
    };
    for (const [name, yes] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) element.addEventListener(name, (event) => point(event, yes));
  };

  /* The server says in the conversation whether an answer is on its way; the box follows. */
  const busy = () => ask.form?.classList.toggle("busy", ask.chat?.querySelector(".talk")?.getAttribute("aria-busy") === "true");

  const send = (text, turn = "") => {
    if (!text.trim() || ask.form?.classList.contains("busy")) return false;
    if (!ask.form) { ask.held = [text, turn]; return true; } /* an example may be chosen before the box below is drawn */
    ask.form.classList.add("busy");
    const documents = [...ask.form.querySelectorAll(".scope input:checked")].map((box) => box.value);
    ask.trigger("submit", { text, turn, documents });
    return true;
  };

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text, className: "sr-only" });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = before; }, 1600);
  };

  mianjing.composer = (element, trigger, props, watch) => {
    ask.trigger = trigger;
    const box = () => element.querySelector("textarea");
    const grow = () => {
      const area = box();
      if (!area) return;
      area.style.height = "auto";
      area.style.height = `${Math.min(area.scrollHeight + 2, 220)}px`;
    };
    let editing = "";
    const edit = (turn, text) => {
      editing = turn;
      ask.form.classList.toggle("edits", turn !== "");
      box().value = text;
      grow();
      box().focus();
    };
    ask.edit = edit;
    const submit = () => { if (send(box().value, editing)) edit("", ""); };
    const ready = () => {
      ask.form = element.querySelector("form");
      busy();
      grow();
      const held = ask.form && ask.held;
      if (held) { ask.held = null; send(...held); }
    };
    ready();
    watch("value", ready);
    element.addEventListener("input", grow);
    element.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
    element.addEventListener("keydown", (event) => {
      if (event.target !== box() || event.key !== "Enter" || event.shiftKey) return;
      if (event.isComposing || event.keyCode === 229) return; /* Enter picks a word of an input method */
      event.preventDefault();
      submit();
    });
    const stop = () => { if (ask.form?.classList.contains("busy")) { ask.form.classList.remove("busy"); trigger("stop", {}); } };
    on(element, "[data-stop]", stop);
    on(element, "[data-new]", () => { ask.form?.classList.remove("busy"); edit("", ""); unlimited(); trigger("clear", {}); });
    on(element, "[data-cancel]", () => edit("", ""));
    const limits = () => {
      const summary = element.querySelector(".scope summary");
      const count = element.querySelectorAll(".scope input:checked").length;
      if (summary) summary.textContent = count > 1 ? summary.dataset.some.replace("#", count) : count ? summary.dataset.one : summary.dataset.all;
    };
    const unlimited = () => { element.querySelectorAll(".scope input:checked").forEach((box) => { box.checked = false; }); limits(); };
    element.addEventListener("change", limits);
    document.addEventListener("click", (event) => {
      const scope = element.querySelector(".scope[open]");
      if (scope && !scope.contains(event.target)) scope.open = false;
    });
    document.addEventListener("keydown", (event) => {
      const area = box();
      if (!area || area.offsetParent === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
      if (event.key === "/" && !typing) { event.preventDefault(); area.focus(); }
      if (event.key === "Escape") {
        const scope = element.querySelector(".scope[open]");
        if (scope) scope.open = false; else if (editing) edit("", ""); else stop();
      }
    });
  };

  /* A pane that shows passages or a document: formulas, the way to a span and back. */
  const reader = (element, watch, moved) => {
    watch("value", async () => {
      await typeset(element);
      const here = element.querySelector("mark.here");
      if (here) here.scrollIntoView({ block: "center" });
      else if (wide()) element.scrollTop = 0;
      if (moved.wanted) {
        moved.wanted = false;
        if (!here && !wide()) element.scrollIntoView({ block: "start" });
        element.querySelector("h2[tabindex]")?.focus({ preventScroll: true });
      }
    });
    on(element, 'a[href^="#section-"]', (link) => {
      element.querySelector(`[id="${link.getAttribute("href").slice(1)}"]`)?.scrollIntoView({ block: "start", behavior: calm() });
    });
  };
  const opener = (element, trigger, moved) => on(element, "a[data-doc]", (link) => {
    moved.wanted = true;
    const href = link.getAttribute("href");
    trigger("expand", { doc: link.dataset.doc, span: href.startsWith("#span-") ? href.slice(6) : "" });
  });

  /* What the other scripts of the page use too. */
  mianjing.tools = { on, typeset, reader, opener, localTimes, wide, calm };

  mianjing.pane = (element, trigger, props, watch) => {
    const moved = { wanted: false };
    let turn = "";
    const open = (ref) => { moved.wanted = true; turn = ref.split("-")[0]; trigger("select", { ref }); };
    ask.open = open;
    on(element, 'a[href^="#cite-"]', (link) => { lastChip = link; open(link.getAttribute("href").slice(6)); });
    opener(element, trigger, moved);
    on(element, "[data-back]", () => { trigger("collapse", { turn }); if (lastChip?.isConnected) lastChip.focus({ preventScroll: wide() }); });
    on(element, "a.to-answer", (link) => document.getElementById(link.getAttribute("href").slice(1))?.scrollIntoView({ block: "start", behavior: calm() }));
    reader(element, watch, moved);
  };

  mianjing.settings = (element, trigger, props, watch) => {
    let secret = ""; /* a key that was typed stays in this page until it is saved; the server sends none back */
    const show = () => {
      const key = element.querySelector(".told.failed ~ .endpoint [name=api_key]");
      if (key && secret && !key.value) key.value = secret;
      const choice = element.querySelector(`input[name="theme"][value="${kept() ?? "system"}"]`);
      if (choice) choice.checked = true;
      const language = element.querySelector('input[name="language"][checked]');
      if (language) language.checked = true;
    };
    /* Gradio may fill the tab before or after it tells of a new value. */
    show();
    new MutationObserver(show).observe(element, { childList: true, subtree: true });
    element.addEventListener("change", (event) => {
      if (event.target.name === "language") trigger("select", { language: event.target.value });
      if (event.target.name === "strictness") trigger("input", { strictness: event.target.value });
      if (event.target.name === "second_opinion") trigger("input", { second: event.target.checked ? "on" : "off" });
      if (event.target.name !== "theme") return;
      try {
        if (event.target.value === "system") localStorage.removeItem("mianjing-theme");
        else localStorage.setItem("mianjing-theme", event.target.value);
      } catch { /* private window */ }
      setTheme();
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = event.target.closest("[data-endpoint]")?.elements;
      if (!fields) return;
      secret = fields.api_key.value;
      event.target.closest("form").querySelectorAll("button").forEach((button) => { button.disabled = true; });
      trigger("submit", { base_url: fields.base_url.value, model: fields.model.value, api_key: secret, how: event.submitter?.value ?? "" });
    });
    on(element, "[data-do]", (button) => {
      if (button.dataset.sure && !button.classList.contains("sure")) {
        button.classList.add("sure");
        button.textContent = button.dataset.sure;
        return;
      }
      button.disabled = button.dataset.do !== "download";
      trigger(button.dataset.do, {});
    });
  };
  mianjing.outbox = (element, trigger, props, watch) => watch("value", () => {
    const found = element.querySelector("[data-save]");
    if (!found) return;
    const url = URL.createObjectURL(new Blob([found.textContent], { type: "application/json" }));
    Object.assign(document.createElement("a"), { href: url, download: found.dataset.save }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    found.remove();
  });

  mianjing.foundMoved = { wanted: false };
  mianjing.found = (element, trigger, props, watch) => {
    opener(element, trigger, mianjing.foundMoved);
    on(element, "[data-back]", () => trigger("collapse", {}));
    on(element, "[data-passages]", (button) => trigger("select", { doc: button.dataset.passages, shown: button.dataset.shown }));
    reader(element, watch, mianjing.foundMoved);
  };
})();
