// Draws a gang: parties as dots by kind, what they share as lines between them.
"use strict";
const GANG_COLOURS = ["#12836a", "#e08a1e", "#3b6fb6", "#9a4fa3", "#b3412f", "#52616b", "#8a7a1c", "#2f7f8f", "#c0568a"];
const GANG_SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin"];
const NAMED_MAX = 45;

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-gang]");
  if (!box || !window.echarts) return;
  const gang = JSON.parse(box.dataset.document);
  const count = gang.kinds.reduce((sum, kind) => sum + kind.nodes.length, 0);
  const axis = { type: "value", show: false, scale: true };
  const drawn = echarts.init(box);
  drawn.setOption({
    color: GANG_COLOURS, animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 20, right: 60, top: 40, bottom: 16 },
    legend: { data: gang.kinds.map((kind) => kind.name), top: 0, textStyle: { color: "#37474f" } },
    tooltip: { renderMode: "richText", confine: true, formatter: (point) => `${point.seriesName} ${point.value[2]}` },
    xAxis: axis, yAxis: axis,
    series: [
      ...gang.kinds.map((kind, n) => ({
        name: kind.name, type: "scatter", data: kind.nodes, symbolSize: 14, z: 3, symbol: GANG_SYMBOLS[n % GANG_SYMBOLS.length],
        label: { show: count <= NAMED_MAX, position: "right", fontSize: 10, color: "#37474f", formatter: (point) => point.value[2] },
      })),
      {
        type: "line", silent: true, symbol: "none", z: 1, tooltip: { show: false }, lineStyle: { color: "#b9c5ca", width: 1 },
        data: gang.links.flatMap(([x1, y1, x2, y2]) => [[x1, y1], [x2, y2], [null, null]]),
      },
    ],
  });
  box.dataset.ready = "yes";
  addEventListener("resize", () => drawn.resize());
});
