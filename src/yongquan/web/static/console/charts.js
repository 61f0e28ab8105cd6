// Draws what the page's hidden [data-chart] elements say into its [data-draw] boxes, again after every poll.
"use strict";
const COLOURS = ["#12836a", "#e08a1e", "#3b6fb6"];
const drawn = new Map();
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

function optionOf(chart) {
  const names = {
    type: "category", data: chart.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: "#b9c5ca" } },
    axisLabel: { color: "#37474f", width: chart.sideways ? 170 : undefined, overflow: "truncate" },
  };
  const numbers = {
    type: "value", minInterval: 1, axisLabel: { color: "#52616b", hideOverlap: true },
    splitLine: { lineStyle: { color: "#e6ecee" } },
  };
  return {
    animation: !calm, animationDuration: 300, color: COLOURS,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 22, top: chart.series.length > 1 ? 34 : 10, bottom: 4, containLabel: true },
    legend: { show: chart.series.length > 1, top: 0, right: 4, itemHeight: 10, textStyle: { color: "#37474f" } },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" } },
    xAxis: chart.sideways ? numbers : names,
    yAxis: chart.sideways ? names : numbers,
    series: chart.series.map((one) => ({
      name: one.name, type: one.kind, data: one.values, barMaxWidth: chart.sideways && chart.series.length > 1 ? 9 : 16, symbolSize: 5, lineStyle: { width: 2.5 },
      itemStyle: { borderRadius: one.kind === "bar" ? (chart.sideways ? [0, 3, 3, 0] : [3, 3, 0, 0]) : 0 },
    })),
  };
}

function draw() {
  for (const source of document.querySelectorAll("[data-chart]")) {
    const box = document.querySelector(`[data-draw="${source.dataset.chart}"]`);
    const chart = JSON.parse(source.dataset.document);
    const isEmpty = !chart.series.some((one) => one.values.some((value) => value !== 0));
    if (!box || isEmpty || source.dataset.document === box.drawnDocument) continue;
    box.hidden = false;
    document.querySelector(`[data-empty="${source.dataset.chart}"]`)?.remove();
    if (chart.sideways) box.style.minHeight = `${Math.max(264, 56 + chart.labels.length * (6 + 9 * chart.series.length))}px`;
    if (!drawn.has(box)) drawn.set(box, echarts.init(box));
    drawn.get(box).resize();
    drawn.get(box).setOption(optionOf(chart));
    box.drawnDocument = source.dataset.document;
    box.dataset.ready = "yes";
  }
  fit();
}

function fit() {
  for (const chart of drawn.values()) chart.resize();
}

document.addEventListener("DOMContentLoaded", () => {
  draw();
  document.body.addEventListener("htmx:afterSwap", draw);
  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
});
addEventListener("resize", fit);
addEventListener("beforeprint", fit);
addEventListener("afterprint", fit);
