/* What the page does by itself: theme, keys, formulas, scrolling. Everything it shows comes from the server, escaped. */
(() => {
  "use strict";
  const root = document.documentElement;
  const mianjing = (window.mianjing = {});
  const ask = { trigger: null, chat: null };
  let lastChip = null;

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
      if (language) root.lang = language === "zh" ? "zh-CN" : "en";
    };
    on(element, "[data-language]", (button) => trigger("select", { language: button.dataset.language }));
    on(element, "[data-theme-switch]", () => {
      try { localStorage.setItem("mianjing-theme", root.dataset.theme === "dark" ? "light" : "dark"); } catch { /* private window */ }
      setTheme();
    });
    watch("value", say);
  };

  mianjing.chat = (element, trigger, props, watch) => {
    ask.chat = element;
    let turns = 0;
    watch("value", () => {
      const talk = element.querySelector(".talk");
      const count = Number(talk?.dataset.turns ?? 0);
      const busy = talk?.getAttribute("aria-busy") === "true";
      ask.form?.classList.toggle("busy", busy);
      typeset(element);
      if (count > turns) element.querySelector(".turn:last-of-type")?.scrollIntoView({ block: "start", behavior: turns ? calm() : "auto" });
      turns = count;
    });
    on(element, "[data-ask]", (button) => send(button.dataset.ask));
    on(element, 'a[href^="#cite-"]', (chip) => { lastChip = chip; ask.open?.(chip.getAttribute("href").slice(6)); });
    on(element, "[data-copy]", (button) => copy(document.getElementById(button.dataset.copy)?.querySelector(".plain")?.textContent ?? "", button));
    const point = (event, yes) => {
      const chip = event.target.closest?.(".cite");
      if (chip) document.querySelectorAll(`#pane .pane[data-turn="${chip.dataset.turn}"] mark.n${chip.dataset.n}`).forEach((m) => m.classList.toggle("pointed", yes));
    };
    for (const [name, yes] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) element.addEventListener(name, (event) => point(event, yes));
  };

  const send = (text) => {
    if (!text.trim() || ask.form?.classList.contains("busy")) return false;
    ask.form?.classList.add("busy");
    ask.trigger?.("submit", { text });
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
    const submit = () => { if (send(box().value)) { box().value = ""; grow(); } };
    const ready = () => { ask.form = element.querySelector("form"); grow(); };
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
    on(element, "[data-new]", () => { ask.form?.classList.remove("busy"); trigger("clear", {}); box().focus(); });
    document.addEventListener("keydown", (event) => {
      const area = box();
      if (!area || area.offsetParent === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
      if (event.key === "/" && !typing) { event.preventDefault(); area.focus(); }
      if (event.key === "Escape") stop();
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

  mianjing.documents = (element, trigger) => opener(element, trigger, mianjing.foundMoved);
  mianjing.foundMoved = { wanted: false };
  mianjing.found = (element, trigger, props, watch) => {
    opener(element, trigger, mianjing.foundMoved);
    on(element, "[data-back]", () => trigger("collapse", {}));
    reader(element, watch, mianjing.foundMoved);
  };
  mianjing.finder = (element, trigger) => element.addEventListener("submit", (event) => {
    event.preventDefault();
    trigger("submit", { text: element.querySelector("input").value });
  });
})();
