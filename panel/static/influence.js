"use strict";
// Replays a reshare tree: a slider over time hides later posts.
(() => {
  const SECONDS = 8; // of a whole replay

  function words(minutes) {
    const units = [[1440, "days"], [60, "h"], [1, "min"]];
    const [length, unit] = units.find(([length], at) => minutes >= length * (at ? 1 : 2)) ?? [1, "min"];
    return `${Math.floor(minutes / length)} ${unit}`;
  }

  function replay(tree) {
    const slider = tree.querySelector("#moment"), button = tree.querySelector("#play");
    const output = tree.querySelector("#so-far"), cursor = tree.querySelector("#cursor");
    const nodes = [...tree.querySelectorAll(".node")].sort((a, b) => a.dataset.x - b.dataset.x);
    const edges = [...tree.querySelectorAll(".edge")].sort((a, b) => a.dataset.x - b.dataset.x);
    const shown = new Map([[nodes, nodes.length], [edges, edges.length]]);
    let frame = 0;

    // Touches only elements that change, so that thousands of posts stay smooth.
    function upTo(elements, x) {
      let at = shown.get(elements);
      while (at < elements.length && elements[at].dataset.x <= x) elements[at++].classList.remove("later");
      while (at > 0 && elements[at - 1].dataset.x > x) elements[--at].classList.add("later");
      shown.set(elements, at);
      return at;
    }

    function show() {
      const x = Number(slider.value), whole = x >= Number(slider.max);
      const count = upTo(nodes, x);
      upTo(edges, x);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.setAttribute("visibility", whole ? "hidden" : "visible");
      const last = count ? words(Number(nodes[count - 1].dataset.minutes)) : "";
      output.textContent = `${count.toLocaleString("en")} of ${nodes.length.toLocaleString("en")}${last && ", " + last + " after"}`;
      slider.setAttribute("aria-valuetext", output.textContent);
    }

    function stop() {
      cancelAnimationFrame(frame);
      frame = 0;
      button.textContent = "Play";
    }

    function play() {
      const end = Number(slider.max), from = Number(slider.value) >= end ? 0 : Number(slider.value);
      let began = 0;
      button.textContent = "Pause";
      const step = (now) => {
        began ||= now;
        slider.value = Math.min(from + ((now - began) / 1000 / SECONDS) * end, end);
        show();
        if (Number(slider.value) >= end) return stop();
        frame = requestAnimationFrame(step);
      };
      frame = requestAnimationFrame(step);
    }

    slider.addEventListener("input", () => (stop(), show()));
    button.addEventListener("click", () => (frame ? stop() : play()));
    tree.querySelector(".replay").hidden = false;
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const tree = document.getElementById("tree");
    if (tree) replay(tree);
  });
})();
