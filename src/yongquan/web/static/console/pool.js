// The pool on a map: numbers by squares; small ones are told as few. The list beside says the same.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("map");
  const form = document.getElementById("wanted");
  if (!box || !form) return;
  const ACROSS = 16;
  const { query, few, failed } = box.dataset;
  const [west, south, east, north] = box.dataset.bounds.split(",").map(Number);
  const asked = form.box.value.split(",").map(Number);
  const map = L.map(box, { preferCanvas: true, minZoom: 8, maxZoom: 17, zoomSnap: 0.5 });
  map.attributionControl.setPrefix(false).addAttribution("© OpenStreetMap contributors");
  const [w, s, e, n] = asked.length === 4 ? asked : [west, south, east, north];
  map.fitBounds([[s, w], [n, e]]);
  const layer = L.layerGroup().addTo(map);
  let latest = 0;

  function square([lon, lat, shops]) {
    const text = shops === null ? few : shops.toLocaleString("en");
    const size = shops === null ? 34 : Math.round(30 + 6 * Math.log10(shops));
    const icon = L.divIcon({ className: "square", iconSize: [Math.max(size, 10 * text.length), size], html: text });
    return L.marker([lat, lon], { icon, keyboard: false, title: text });
  }

  async function load() {
    const turn = ++latest;
    const view = map.getBounds();
    const params = new URLSearchParams(query);
    params.delete("done");
    params.set("step", Math.min(1, Math.max(0.002, (view.getEast() - view.getWest()) / ACROSS)).toFixed(4));
    try {
      const answer = await fetch(`/console/pool/squares?${params}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const squares = await answer.json();
      if (turn !== latest) return;
      layer.clearLayers();
      for (const one of squares) square(one).addTo(layer);
      box.dataset.ready = "yes";
    } catch {
      const note = document.createElement("p");
      note.className = "alert alert-danger";
      note.textContent = failed;
      if (turn === latest) box.before(note);
    }
  }

  fetch(`/console/shops/outlines?language=${document.documentElement.lang}`).then((answer) => answer.json()).then((shapes) => {
    L.geoJSON(shapes, {
      style: { color: "#6b8790", weight: 1.2, fillColor: "#fbfcfa", fillOpacity: 1 }, interactive: false,
    }).addTo(map).bringToBack();
  }).catch(() => undefined);  // without outlines the numbers stand all the same
  document.getElementById("here").addEventListener("click", () => {
    const view = map.getBounds();
    form.box.value = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((side) => side.toFixed(4)).join(",");
    form.submit();
  });
  map.on("moveend", load);
  load();
});
