// The day's route: the depot, the stops in order, lines between them; the list below says the same.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("map");
  if (!box) return;
  const main = document.querySelector("main");
  const said = JSON.parse(main.dataset.words);
  const { depot, stops } = JSON.parse(main.dataset.points);
  const map = L.map(box, { minZoom: 8, maxZoom: 17, scrollWheelZoom: false });
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution('<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>');
  const home = [depot[1], depot[0]];
  const places = stops.map((stop) => [stop.lat, stop.lon]);
  map.fitBounds(L.latLngBounds([home, ...places]).pad(0.2), { maxZoom: 15 });
  fetch("/c/districts.json").then((answer) => answer.json()).then((districts) => {
    L.geoJSON(districts, { interactive: false, style: { color: "#5d7c72", weight: 1.2, fillColor: "#f4f7f2", fillOpacity: 1 } }).addTo(map).bringToBack();
  }).catch(() => box.before(Object.assign(document.createElement("p"), { className: "note account-balance", textContent: said.failed })));
  L.polyline([home, ...places, home], { color: "#0b5f8a", weight: 3, opacity: 0.7, interactive: false }).addTo(map);
  L.circleMarker(home, { radius: 8, color: "#fff", weight: 3, fillColor: "#0b5f4c", fillOpacity: 1 }).bindTooltip(said.depot).addTo(map);
  stops.forEach((stop, index) => {
    const name = document.createElement("span");
    name.lang = "zh-CN";
    name.textContent = stop.name;
    L.circleMarker(places[index], { radius: 10, color: "#fff", weight: 2, fillColor: "#b5310f", fillOpacity: 1 })
      .bindTooltip(String(index + 1), { permanent: true, direction: "center", className: "stop-number" }).bindPopup(name).addTo(map);
  });
  box.dataset.ready = "yes";
});
