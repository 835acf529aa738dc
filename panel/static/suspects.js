"use strict";
// The queue by keyboard: j and k choose a case, b and n decide it, u takes it back; the chosen case is shown beside.
(() => {
  const rows = () => [...document.querySelectorAll("#queue > .case")];
  const pane = () => document.getElementById("case");
  const wide = matchMedia("(min-width: 62rem)");
  let chosen = null, waiting = 0;

  const row = () => document.getElementById(chosen);

  function mark(next) {
    for (const each of rows()) each.classList.toggle("selected", each === next);
    chosen = next.id;
  }

  function choose(next, focus = true) {
    if (!next || !next.classList.contains("case")) return;
    const moved = next.id !== chosen;
    mark(next);
    if (focus) next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
    if (!moved || !pane() || !wide.matches) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => htmx.ajax("GET", next.querySelector("a").href, { target: "#case", swap: "innerHTML" }), 120);
  }

  const step = (by) => {
    const all = rows(), at = all.findIndex((each) => each.id === chosen);
    choose(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const press = (key) => row()?.querySelector(`[data-key="${key}"]`)?.click();
  const keys = { j: () => step(1), k: () => step(-1), b: () => press("b"), n: () => press("n"), u: () => press("u") };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".case-line > a");
    if (!link || !pane() || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link.closest(".case"));
  });
  // After a verdict the next case that waits is chosen; after an undo the same one stays.
  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.elt.closest?.(".case") ?? document.getElementById(event.detail.elt.id);
    if (!swapped?.classList.contains("case")) return;
    document.getElementById("problem").textContent = "";
    if (!swapped.classList.contains("done") || !pane()) return mark(swapped), swapped.querySelector("a").focus();
    let next = swapped.nextElementSibling;
    while (next?.classList.contains("done")) next = next.nextElementSibling;
    return next ? choose(next) : document.querySelector(".pager a[rel=next]")?.focus();
  });
  const told = (words) => (document.getElementById("problem").textContent = words);
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    told(answer.querySelector("main p")?.textContent ?? "That did not work. Load the page again.");
  });
  document.addEventListener("htmx:sendError", () => told("The panel does not answer. Nothing was changed."));
  document.addEventListener("DOMContentLoaded", () => choose(rows().find((each) => !each.classList.contains("done")), false));
})();
