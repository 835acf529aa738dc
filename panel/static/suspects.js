"use strict";
// Keys of the queue: j and k select a case, b and n decide it, u undoes the verdict. The pane shows the selected case.
(() => {
  const rows = () => [...document.querySelectorAll("#queue > .case")];
  const pane = () => document.getElementById("case");
  const wide = matchMedia("(min-width: 62rem)");
  let selected = null, waiting = 0;

  const selectedRow = () => document.getElementById(selected);

  function mark(next) {
    for (const row of rows()) row.classList.toggle("selected", row === next);
    selected = next.id;
  }

  function select(next, focus = true) {
    if (!next || !next.classList.contains("case")) return;
    const moved = next.id !== selected;
    mark(next);
    if (focus) next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
    if (!moved || !pane() || !wide.matches) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => htmx.ajax("GET", next.querySelector("a").href, { target: "#case", swap: "innerHTML" }), 120);
  }

  const step = (by) => {
    const all = rows(), at = all.findIndex((row) => row.id === selected);
    select(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const press = (key) => selectedRow()?.querySelector(`[data-key="${key}"]`)?.click();
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
    select(link.closest(".case"));
  });
  // After a verdict selects the next open case. After an undo keeps the case selected.
  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.elt.closest?.(".case") ?? document.getElementById(event.detail.elt.id);
    if (!swapped?.classList.contains("case")) return;
    document.getElementById("problem").textContent = "";
    if (!swapped.classList.contains("done") || !pane()) return mark(swapped), swapped.querySelector("a").focus();
    let next = swapped.nextElementSibling;
    while (next?.classList.contains("done")) next = next.nextElementSibling;
    return next ? select(next) : document.querySelector(".pager a[rel=next]")?.focus();
  });
  const showProblem = (message) => (document.getElementById("problem").textContent = message);
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    showProblem(answer.querySelector("main p")?.textContent ?? "The request failed. Reload the page.");
  });
  document.addEventListener("htmx:sendError", () => showProblem("The panel does not answer. Nothing was changed."));
  document.addEventListener("DOMContentLoaded", () => select(rows().find((row) => !row.classList.contains("done")), false));
})();
