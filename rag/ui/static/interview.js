/* What the interview and progress tabs do by themselves: drafts, the clock, keys, the way between tabs. */
(() => {
  "use strict";
  const mianjing = window.mianjing;
  const { on, typeset, reader, opener, localTimes, wide, calm } = mianjing.tools;
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* private window */ } },
  };
  const DRAFT = "mianjing-draft:", CLOCK = "mianjing-clock:", HIDDEN = "mianjing-clock-hidden";
  const seat = { act: null };
  const typing = (target) => target.closest?.("input, textarea, select, summary, a, button, [contenteditable=true]");

  /* A button that must be pressed twice. */
  const sure = (button) => {
    if (!button.dataset.sure || button.classList.contains("sure")) return true;
    const before = button.textContent;
    button.classList.add("sure");
    button.textContent = button.dataset.sure;
    setTimeout(() => { button.classList.remove("sure"); button.textContent = before; }, 4000);
    return false;
  };

  const save = (element) => {
    const found = element.querySelector("[data-save]");
    if (!found) return;
    const url = URL.createObjectURL(new Blob([found.textContent], { type: found.dataset.type }));
    Object.assign(document.createElement("a"), { href: url, download: found.dataset.save }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    found.remove();
  };
  mianjing.interviewOutbox = (element, trigger, props, watch) => watch("value", () => save(element));

  const show = (tab) => document.getElementById(`tab-${tab}-button`)?.click();

  mianjing.interview = (element, trigger, props, watch) => {
    const iv = () => element.querySelector(".iv");
    const box = () => element.querySelector("#iv-reply");
    let touched = "";
    let before = "", waiting = false;

    const busy = () => {
      waiting = true;
      iv()?.classList.add("busy");
      element.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    };
    const act = (detail) => {
      if (waiting) return;
      busy();
      trigger("apply", { session: iv()?.dataset.session ?? "", step: iv()?.dataset.step ?? "", ...detail });
    };
    seat.act = act;
    const reply = () => {
      const text = box()?.value.trim();
      if (!text) { box()?.focus(); return; }
      if (waiting) return;
      const send = element.querySelector(".replying [type=submit]");
      busy();
      send.textContent = send.dataset.busy;
      trigger("submit", { session: iv().dataset.session, step: iv().dataset.step, text });
    };
    const start = (form) => {
      const all = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((field) => field.value);
      const one = (name) => form.querySelector(`[name="${name}"]:checked, select[name="${name}"]`)?.value ?? "";
      act({ do: "start", mode: one("mode"), number: one("number"), spoken: one("spoken"), document: one("mode") === "document" ? one("document") : "", profile: one("profile"),
        areas: all("area"), difficulties: all("difficulty") });
    };

    /* The clock of a question runs in this browser from when it was first seen. */
    const ticks = () => {
      const place = element.querySelector(".clock"), key = iv()?.dataset.clock;
      if (!place || !key) return;
      const hidden = store.get(HIDDEN) === "yes", button = element.querySelector("[data-clock-switch]");
      place.hidden = hidden;
      button.textContent = hidden ? button.dataset.show : button.dataset.hide;
      let [begun, ended] = (store.get(CLOCK + key) ?? "").split(" ").map(Number);
      if (!begun) { begun = Date.now(); store.set(CLOCK + key, `${begun}`); }
      if (iv().dataset.phase === "graded" && !ended) { ended = Date.now(); store.set(CLOCK + key, `${begun} ${ended}`); }
      const seconds = Math.max(0, Math.floor(((iv().dataset.phase === "graded" ? ended : Date.now()) - begun) / 1000));
      place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    };
    setInterval(ticks, 1000);

    const grow = () => {
      const area = box();
      if (!area) return;
      area.style.height = "auto";
      area.style.height = `${Math.max(area.scrollHeight + 2, 0)}px`;
    };
    const ready = () => {
      waiting = false;
      const place = iv();
      if (!place) return;
      mianjing.keep({ interview: place.dataset.session ?? "" });
      localTimes(element);
      typeset(element);
      ticks();
      const now = `${place.dataset.session} ${place.dataset.draft} ${place.dataset.phase}`;
      const moved = now !== before, fresh = !before;
      if (moved && before) store.drop(DRAFT + before.split(" ")[1]);
      before = now;
      const area = box();
      if (area) {
        area.value = store.get(DRAFT + place.dataset.draft) ?? "";
        grow();
      }
      if (element.offsetParent === null || (fresh && !place.dataset.session)) return;
      if (moved) window.scrollTo({ top: 0, behavior: fresh ? "auto" : calm() });
      if (area && (wide() || !moved)) area.focus({ preventScroll: true });
      else (!moved && touched ? element.querySelector(`.correcting [data-id="${CSS.escape(touched)}"]`) : element.querySelector("h2[tabindex]"))?.focus({ preventScroll: true });
    };
    watch("value", ready);
    ready();

    element.addEventListener("input", (event) => {
      if (event.target !== box()) return;
      store.set(DRAFT + iv().dataset.draft, event.target.value);
      grow();
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.target.matches(".replying")) reply();
      if (event.target.matches(".plan")) start(event.target);
    });
    element.addEventListener("keydown", (event) => {
      if (event.target === box() && event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); reply(); }
    });
    on(element, "[data-do]", (button) => {
      if (button.dataset.do === "export") { trigger("download", { kind: button.dataset.what }); return; }
      if (!sure(button)) return;
      touched = button.closest(".correcting") ? button.dataset.id : "";
      act({ do: button.dataset.do, id: button.dataset.id ?? "" });
    });
    on(element, "[data-clock-switch]", () => { store.set(HIDDEN, store.get(HIDDEN) === "yes" ? "no" : "yes"); ticks(); });
    on(element, "[data-print]", () => window.print());
    opener(element, trigger, mianjing.interviewMoved);

    document.addEventListener("keydown", (event) => {
      if (element.offsetParent === null || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      const press = (selector) => { const hit = element.querySelector(selector); if (hit && !hit.disabled) { event.preventDefault(); hit.click(); } };
      if (event.key === "n" || event.key === "N") press('[data-do="advance"]');
      if (event.key === "r" || event.key === "R") press('[data-do="retry"]');
    });
    window.addEventListener("beforeprint", () => element.querySelectorAll("details.reported, details.own").forEach((part) => { part.open = true; }));
  };

  mianjing.interviewMoved = { wanted: false };
  mianjing.interviewPane = (element, trigger, props, watch) => {
    const close = () => trigger("collapse", {});
    on(element, "[data-back]", close);
    reader(element, watch, mianjing.interviewMoved);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && element.offsetParent !== null && element.querySelector(".pane")) close();
    });
  };

  mianjing.progress = (element, trigger, props, watch) => {
    const ready = () => { localTimes(element); typeset(element); };
    ready();
    watch("value", ready);
    on(element, "[data-do]", (button) => {
      if (!sure(button)) return;
      const { do: action, id = "", question = "" } = button.dataset;
      if (action === "go") { show("interview"); return; }
      if (action === "export") { trigger("download", {}); return; }
      if (action === "report" || action === "practise") { show("interview"); trigger("select", { do: action, id, question }); return; }
      trigger("apply", { do: action, id });
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      trigger("apply", { do: form.dataset.form, id: form.dataset.id ?? "", name: form.elements.name.value });
    });
  };
})();
