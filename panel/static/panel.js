"use strict";
// What the pages do in the browser: charts from data-chart, names of countries, a question before what can't be undone,
// a sign of waiting.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const axis = (more = {}) => ({
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...more,
  });

  // Seconds since 1970 as a day, or as a time where the ticks lie closer than a day.
  const moment = (seconds, step) => {
    const written = new Date(seconds * 1000).toISOString();
    return step >= 86400 || seconds % 86400 === 0 ? written.slice(5, 10) : written.slice(11, 16);
  };
  const times = (_, at, __, ___, step) => at.map((each) => moment(each, step));

  const shown = (value) => (value == null ? "–" : Math.abs(value) < 10 ? value.toFixed(3) : value.toLocaleString());

  const EDGE = "edge of a band"; // such series have no line in the legend

  // [low, high] of a series become two more series and a band between them.
  function columns(spec) {
    const named = (value) => value == null ? "–" : spec.time ? new Date(value * 1000).toISOString().slice(0, 16).replace("T", " ") : spec.labels?.[value] ?? value;
    const data = [spec.x], series = [{ label: spec.time ? "Time" : spec.name || "", value: (_, value) => named(value) }], bands = [];
    for (const [position, each] of spec.series.entries()) {
      const stroke = colour(`--series-${(position % 4) + 1}`);
      const bars = spec.kind === "bars";
      series.push({
        label: each.label, stroke, width: 2, value: (_, value) => shown(value),
        fill: bars ? stroke + "66" : undefined, paths: bars ? uPlot.paths.bars({ size: [0.8, 60] }) : undefined,
        points: { show: !bars && spec.x.length < 40, size: 6, fill: stroke }, spanGaps: true,
      });
      data.push(each.values);
      if (!each.low) continue;
      for (const edge of [each.high, each.low]) {
        series.push({ label: EDGE, stroke: "transparent", width: 0, points: { show: false } });
        data.push(edge);
      }
      bands.push({ series: [data.length - 2, data.length - 1], fill: stroke + "26" });
    }
    return { data, series, bands };
  }

  function draw(element) {
    const spec = JSON.parse(element.dataset.chart);
    const { data, series, bands } = columns(spec);
    const room = () => ({ width: element.clientWidth, height: spec.height || 240 });
    element.replaceChildren();
    const chart = new uPlot({
      ...room(), series, bands, legend: { live: true }, cursor: { drag: { x: false } },
      scales: { x: { time: Boolean(spec.time) }, y: spec.range ? { range: spec.range } : {} },
      axes: [axis(spec.time ? { values: times } : spec.labels ? { values: (_, at) => at.map((each) => spec.labels[each] ?? "") } : {}), axis({ size: 56 })],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    }, data, element);
    for (const row of element.querySelectorAll(".u-legend .u-series")) {
      if (row.querySelector(".u-label").textContent === EDGE) row.remove();
    }
    new ResizeObserver(() => chart.setSize(room())).observe(element);
  }

  // Codes of countries become names, as the browser knows them.
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
  const called = (code) => {
    try {
      return names.of(code.toUpperCase());
    } catch {
      return code.toUpperCase();
    }
  };
  const nameAll = () => {
    for (const each of document.querySelectorAll("[data-country]")) each.textContent = called(each.dataset.country);
    for (const group of document.querySelectorAll("optgroup[label=All]")) {
      group.append(...[...group.children].sort((a, b) => a.textContent.localeCompare(b.textContent, "en")));
    }
  };

  const drawAll = (inside) => inside.querySelectorAll("[data-chart]").forEach(draw);

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // The bar on top shows when an answer takes longer than one notices; what asks by itself shows none.
  let waiting = 0;
  const busy = (on) => {
    clearTimeout(waiting);
    document.body.classList.remove("busy");
    if (on) waiting = setTimeout(() => document.body.classList.add("busy"), 200);
  };
  const asksItself = (event) => event.detail.elt.getAttribute("hx-trigger")?.startsWith("every");
  window.addEventListener("beforeunload", () => busy(true));
  window.addEventListener("pageshow", () => busy(false));
  document.addEventListener("htmx:beforeRequest", (event) => asksItself(event) || busy(true));
  document.addEventListener("htmx:afterRequest", (event) => {
    busy(false);
    if (asksItself(event) && !event.detail.successful) document.getElementById("stale").hidden = false;
  });
  // Who fills in a choice's fields has chosen it.
  document.addEventListener("input", (event) => {
    const radio = event.target.closest(".choice")?.querySelector("[type=radio]");
    if (radio) radio.checked = true;
  });
  document.addEventListener("DOMContentLoaded", () => (nameAll(), drawAll(document)));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
})();
