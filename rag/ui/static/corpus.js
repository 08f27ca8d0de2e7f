/* What the corpus tab does by itself: files that are dropped, the switch between list and map, pointing at the map. */
(() => {
  "use strict";
  const mianjing = window.mianjing;
  const { on, opener } = mianjing.tools;
  const place = () => document.getElementById("corpus");
  const map = { draw: null };
  let shown = "list";

  /* List or map: kept here, so that drawing the tab anew does not change what is looked at. */
  const show = (what) => {
    shown = what;
    const corpus = place();
    if (!corpus) return;
    corpus.dataset.shown = what;
    corpus.querySelectorAll("[data-show]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.show === what)));
    if (what === "map") map.draw?.();
  };

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

  mianjing.adding = (element, trigger, props, watch, upload) => {
    const zone = () => element.querySelector(".drop");
    const trouble = (lines) => {
      const told = element.querySelector(".trouble");
      if (told) told.replaceChildren(...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
    };
    const take = async (files) => {
      const words = zone().dataset;
      const most = Number(words.most), limit = Number(words.limit), troubles = [], taken = [];
      if (files.length > most) troubles.push(words.many);
      for (const file of files.slice(0, most)) {
        if (file.size > limit) {
          troubles.push(fill(words.large, { name: file.name, size: (file.size / 2 ** 20).toFixed(1) }));
          continue;
        }
        trouble([...troubles, `${words.reading} ${file.name}`]);
        try {
          const { path } = await upload(file);
          taken.push({ path, name: file.name });
        } catch {
          troubles.push(fill(words.lost, { name: file.name }));
        }
      }
      trouble(troubles);
      if (taken.length) trigger("upload", { files: taken });
    };
    element.addEventListener("change", (event) => {
      if (event.target.type !== "file") return;
      const files = [...event.target.files];
      event.target.value = "";
      take(files);
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      trigger("submit", { title: form.elements.title.value, text: form.elements.text.value });
      form.reset();
      form.closest("details").open = false;
    });
    /* Files may be dropped anywhere on the tab. */
    const here = (event) => event.dataTransfer?.types.includes("Files") && place()?.contains(event.target);
    document.addEventListener("dragover", (event) => { if (here(event)) { event.preventDefault(); zone()?.classList.add("over"); } });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget || !place()?.contains(event.relatedTarget)) zone()?.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      if (!here(event)) return;
      event.preventDefault();
      zone()?.classList.remove("over");
      take([...event.dataTransfer.files]);
    });
    on(element, "[data-show]", (button) => show(button.dataset.show));
    watch("value", () => show(shown));
  };

  mianjing.intake = (element, trigger) => on(element, "[data-close]", () => trigger("clear", {}));

  mianjing.shelf = (element, trigger) => {
    opener(element, trigger, mianjing.foundMoved);
    on(element, "[data-passages]", (button) => { mianjing.foundMoved.wanted = true; trigger("select", { doc: button.dataset.passages }); });
    on(element, "[data-update]", (button) => { button.disabled = true; trigger("apply", {}); });
    on(element, "[data-delete]", (button) => {
      if (!button.classList.contains("sure")) {
        button.classList.add("sure");
        button.textContent = button.dataset.sure;
        return;
      }
      button.disabled = true;
      trigger("delete", { doc: button.dataset.delete });
    });
  };

  mianjing.finder = (element, trigger) => element.addEventListener("submit", (event) => {
    event.preventDefault();
    trigger("submit", { text: element.querySelector("input").value, doc: element.querySelector("select").value });
  });

  const REACH = 18;
  mianjing.atlas = (element, trigger, props, watch) => {
    let asked = false, last = null;
    map.draw = () => {
      if (asked || element.querySelector(".map")) return;
      asked = true;
      const told = place().querySelector("[data-drawing]")?.dataset.drawing;
      if (told) element.dataset.wait = told;
      trigger("apply", {});
    };
    watch("value", () => {
      delete element.dataset.wait;
      if (element.querySelector(".map")) asked = false;
      else if (shown === "map") { asked = false; map.draw(); }
    });
    /* The dot nearest to the pointer, within reach: a finger is wider than a dot. */
    const nearest = (event) => {
      const svg = element.querySelector("svg");
      if (!svg?.contains(event.target)) return null;
      let best = null, least = REACH * REACH;
      for (const dot of svg.querySelectorAll(".dot:not(.dim)")) {
        const box = dot.getBoundingClientRect();
        const far = (box.x + box.width / 2 - event.clientX) ** 2 + (box.y + box.height / 2 - event.clientY) ** 2;
        if (far < least) { least = far; best = dot; }
      }
      return best;
    };
    const point = (dot) => {
      if (dot === last) return;
      last?.classList.remove("at");
      last = dot;
      dot?.classList.add("at");
      const told = element.querySelector(".pointed");
      if (told) told.textContent = dot ? [dot.dataset.said, dot.dataset.near].filter(Boolean).join("\n") : told.dataset.empty;
    };
    element.addEventListener("mousemove", (event) => point(nearest(event)));
    element.addEventListener("mouseleave", () => point(null));
    element.addEventListener("click", (event) => {
      const dot = nearest(event);
      if (!dot) return;
      point(dot);
      mianjing.foundMoved.wanted = true;
      trigger("expand", { doc: dot.dataset.doc, span: dot.dataset.span });
    });
    opener(element, trigger, mianjing.foundMoved);
    on(element, "[data-colour]", (button) => {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      element.querySelectorAll("[data-colour]").forEach((other) => other.setAttribute("aria-pressed", String(other === button && pressed)));
      element.querySelectorAll(".dot").forEach((dot) => dot.classList.toggle("dim", pressed && !dot.classList.contains(`c${button.dataset.colour}`)));
    });
  };
})();
