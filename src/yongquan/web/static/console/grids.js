// Grids in colours; on a grid's own page its cells, which choose the row beside the map.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const COLOURS = ["#1d4ed8", "#c2410c", "#15803d", "#7e22ce", "#be185d", "#0f766e", "#a16207", "#475569", "#0369a1"];
  const CITY = [[28.85, 120.87], [30.5, 122.3]];
  const box = document.getElementById("map");
  if (!box) return;
  const { shapes, base, code, cells, failed } = box.dataset;
  const map = L.map(box, { preferCanvas: true, minZoom: 8, maxZoom: 17, zoomSnap: 0.5 });
  map.attributionControl.setPrefix(false);
  map.fitBounds(CITY);

  const nameOf = (grid) => {
    const row = document.querySelector(`tr[data-grid="${grid}"] a`);
    return row ? row.textContent : grid.slice(7);
  };
  // A row may name its grid's colour: grids of one provider look alike.
  const colour = (index, grid) => {
    const row = document.querySelector(`tr[data-grid="${grid}"]`);
    return COLOURS[(row && row.dataset.colour ? Number(row.dataset.colour) : index) % COLOURS.length];
  };

  async function read(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  function drawGrids(collection) {
    const order = new Map(collection.features.map((one, index) => [one.properties.code, index]));
    const layer = L.geoJSON(collection, {
      style: ({ properties }) => ({
        color: "#fff", weight: 1, fillColor: colour(order.get(properties.code), properties.code),
        fillOpacity: code ? (properties.code === code ? 0 : 0.25) : 0.6,
      }),
      interactive: true,
      onEachFeature: ({ properties }, shape) => {
        shape.bindTooltip(nameOf(properties.code));
        if (properties.code !== code) shape.on("click", () => location.assign(base + properties.code));
        if (properties.code === code) map.fitBounds(shape.getBounds().pad(0.15));
      },
    }).addTo(map);
    if (!code) {
      map.fitBounds(layer.getBounds());
      for (const row of document.querySelectorAll("tr[data-grid]")) {
        const shape = layer.getLayers().find((one) => one.feature.properties.code === row.dataset.grid);
        const mark = (on) => shape.setStyle({ weight: on ? 3 : 1, color: on ? "#111827" : "#fff" });
        for (const [name, on] of [["mouseenter", true], ["focusin", true], ["mouseleave", false], ["focusout", false]])
          row.addEventListener(name, () => mark(on));
      }
    }
  }

  function drawCells(collection) {
    const usual = { color: "#0b5f4c", weight: 1, fillColor: "#0b5f4c", fillOpacity: 0.25 };
    const radioOf = (cell) => document.querySelector(`input[name="cell"][type="radio"][value="${cell}"]`);
    const layer = L.geoJSON(collection, {
      style: usual,
      onEachFeature: ({ properties }, shape) => {
        const row = document.querySelector(`tr[data-cell="${properties.cell}"]`);
        shape.bindTooltip(row.querySelector("th").innerText.trim());
        shape.on("click", () => {
          const radio = radioOf(properties.cell);
          if (radio) { radio.checked = true; radio.focus(); mark(); }
          row.scrollIntoView({ block: "center" });
        });
      },
    }).addTo(map);
    function mark() {
      const chosen = document.querySelector('input[name="cell"][type="radio"]:checked');
      layer.eachLayer((shape) => {
        const on = chosen && shape.feature.properties.cell === chosen.value;
        shape.setStyle(on ? { ...usual, color: "#111827", weight: 3, fillColor: "#f59e0b", fillOpacity: 0.7 } : usual);
        if (on) shape.bringToFront();
      });
    }
    document.addEventListener("change", mark);
    mark();
  }

  async function draw() {
    try {
      drawGrids(await read(shapes));
      if (cells) drawCells(await read(cells));
      box.dataset.ready = "yes";
    } catch {
      const note = document.createElement("p");
      note.className = "alert alert-danger";
      note.textContent = failed;
      box.before(note);
    }
  }
  draw();
});
