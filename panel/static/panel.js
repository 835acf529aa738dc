"use strict";
// Draws charts from data-chart, names countries, asks before forms with data-confirm, and shows a bar while loading.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const axis = (options = {}) => ({
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...options,
  });

  // Formats seconds since 1970 as a date, or as a time when the ticks are closer than a day.
  const moment = (seconds, step) => {
    const iso = new Date(seconds * 1000).toISOString();
    return step >= 86400 || seconds % 86400 === 0 ? iso.slice(5, 10) : iso.slice(11, 16);
  };
  const times = (_, at, __, ___, step) => at.map((seconds) => moment(seconds, step));

  const formatted = (value) => (value == null ? "–" : Math.abs(value) < 10 ? value.toFixed(3) : value.toLocaleString());

  const EDGE = "edge of a band"; // these series are not in the legend

  // Adds two series and a band between them for each series with low and high.
  function columns(spec) {
    const label = (value) => value == null ? "–" : spec.time ? new Date(value * 1000).toISOString().slice(0, 16).replace("T", " ") : spec.labels?.[value] ?? value;
    const data = [spec.x], series = [{ label: spec.time ? "Time" : spec.name || "", value: (_, value) => label(value) }], bands = [];
    for (const [position, line] of spec.series.entries()) {
      const stroke = colour(`--series-${(position % 4) + 1}`);
      const bars = spec.kind === "bars";
      series.push({
        label: line.label, stroke, width: 2, value: (_, value) => formatted(value),
        fill: bars ? stroke + "66" : undefined, paths: bars ? uPlot.paths.bars({ size: [0.8, 60] }) : undefined,
        points: { show: !bars && spec.x.length < 40, size: 6, fill: stroke }, spanGaps: true,
      });
      data.push(line.values);
      if (!line.low) continue;
      for (const edge of [line.high, line.low]) {
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
    const size = () => ({ width: element.clientWidth, height: spec.height || 240 });
    element.replaceChildren();
    const chart = new uPlot({
      ...size(), series, bands, legend: { live: true }, cursor: { drag: { x: false } },
      scales: { x: { time: Boolean(spec.time) }, y: spec.range ? { range: spec.range } : {} },
      axes: [axis(spec.time ? { values: times } : spec.labels ? { values: (_, at) => at.map((value) => spec.labels[value] ?? "") } : {}), axis({ size: 56 })],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    }, data, element);
    for (const row of element.querySelectorAll(".u-legend .u-series")) {
      if (row.querySelector(".u-label").textContent === EDGE) row.remove();
    }
    new ResizeObserver(() => chart.setSize(size())).observe(element);
  }

  // Replaces country codes by the browser's names.
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
  const countryName = (code) => {
    try {
      return names.of(code.toUpperCase());
    } catch {
      return code.toUpperCase();
    }
  };
  const nameCountries = () => {
    for (const element of document.querySelectorAll("[data-country]")) element.textContent = countryName(element.dataset.country);
    for (const group of document.querySelectorAll("optgroup[label=All]")) {
      group.append(...[...group.children].sort((a, b) => a.textContent.localeCompare(b.textContent, "en")));
    }
  };

  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // Shows the bar when an answer takes longer than 200 ms, except for requests that repeat by themselves.
  let waiting = 0;
  const busy = (on) => {
    clearTimeout(waiting);
    document.body.classList.remove("busy");
    if (on) waiting = setTimeout(() => document.body.classList.add("busy"), 200);
  };
  const isPolling = (event) => event.detail.elt.getAttribute("hx-trigger")?.startsWith("every");
  window.addEventListener("beforeunload", () => busy(true));
  window.addEventListener("pageshow", () => busy(false));
  document.addEventListener("htmx:beforeRequest", (event) => isPolling(event) || busy(true));
  document.addEventListener("htmx:afterRequest", (event) => {
    busy(false);
    if (isPolling(event) && !event.detail.successful) document.getElementById("stale").hidden = false;
  });
  // Input in a field of a choice selects that choice.
  document.addEventListener("input", (event) => {
    const radio = event.target.closest(".choice")?.querySelector("[type=radio]");
    if (radio) radio.checked = true;
  });
  document.addEventListener("DOMContentLoaded", () => (nameCountries(), drawAll(document)));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
})();
