// The shops in view: single dots while there are few, numbers on a grid while there are many.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const COLOURS = {
    dining: "#c2410c", supermarket: "#15803d", convenience: "#4d7c0f", department_store: "#7e22ce",
    clothing: "#be185d", appliances: "#0369a1", furnishing: "#92400e", lodging: "#4338ca", tourism: "#0f766e",
    entertainment: "#a21caf", sports: "#1d4ed8", motoring: "#475569",
  };
  const LISTED_MAX = 60;
  const box = document.getElementById("map");
  const form = document.getElementById("wanted");
  const heading = document.getElementById("in-view");
  const hint = document.getElementById("map-hint");
  const list = document.getElementById("shops");
  const words = JSON.parse(box.dataset.words);
  const [west, south, east, north] = box.dataset.bounds.split(",").map(Number);
  const map = L.map(box, { preferCanvas: true, minZoom: 8, maxZoom: 18, zoomSnap: 0.5 });
  map.attributionControl.setPrefix(false).addAttribution("© OpenStreetMap contributors");
  map.fitBounds([[south, west], [north, east]]);
  const layer = L.layerGroup().addTo(map);
  let latest = 0;

  const said = (text, number) => text.replace("%s", number.toLocaleString("en"));

  function dot(shop) {
    const marker = L.circleMarker([shop.lat, shop.lon], {
      radius: 5, weight: shop.hardship ? 2 : 1, color: shop.hardship ? "#111827" : "#fff",
      fillColor: COLOURS[shop.code] || "#475569", fillOpacity: 0.9,
    });
    const text = document.createElement("div");
    const name = document.createElement("strong");
    name.lang = "zh-CN";
    name.textContent = shop.name;
    const rest = document.createElement("span");
    rest.textContent = ` · ${shop.industry}${shop.hardship ? ` · ${words.hardship}` : ""}`;
    text.append(name, rest);
    return marker.bindPopup(text);
  }

  function square([lon, lat, shops], most) {
    const size = Math.round(28 + 16 * Math.sqrt(shops / most));
    const icon = L.divIcon({
      className: `square${size > 38 ? " is-large" : ""}`, iconSize: [size, size],
      html: shops > 9999 ? `${Math.round(shops / 1000)}k` : String(shops),
    });
    const marker = L.marker([lat, lon], { icon, keyboard: false, title: said(words.shops, shops) });
    return marker.on("click", () => map.setView([lat, lon], map.getZoom() + 2));
  }

  function row(shop) {
    const item = document.createElement("li");
    const small = document.createElement("small");
    const industry = document.createElement("span");
    industry.lang = document.documentElement.lang;
    industry.textContent = shop.industry;
    small.append(industry, ` · ${shop.address}`);
    item.append(shop.name, small);
    return item;
  }

  function show(answer) {
    layer.clearLayers();
    const most = Math.max(1, ...answer.squares.map((one) => one[2]));
    for (const shop of answer.stores) dot(shop).addTo(layer);
    for (const one of answer.squares) square(one, most).addTo(layer);
    heading.textContent = said(words.in_view, answer.total);
    hint.hidden = answer.stores.length > 0;
    hint.textContent = answer.total === 0 ? words.none : words.too_many;
    list.replaceChildren(...answer.stores.slice(0, LISTED_MAX).map(row));
    list.hidden = answer.stores.length === 0;
    box.dataset.total = answer.total;
    box.dataset.shown = answer.stores.length > 0 ? "shops" : "squares";
  }

  async function load() {
    const turn = ++latest;
    const view = map.getBounds().pad(0.02);
    const asked = new URLSearchParams({
      west: Math.max(-180, view.getWest()), south: Math.max(-90, view.getSouth()),
      east: Math.min(180, view.getEast()), north: Math.min(90, view.getNorth()),
      industry: form.industry.value, district: form.district.value, hardship: form.hardship.checked,
    });
    for (const name of ["tier", "grid", "band"]) if (form[name] && form[name].value) asked.set(name, form[name].value);
    try {
      const answer = await fetch(`/console/shops/places?${asked}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const places = await answer.json();
      if (turn === latest) show(places);
    } catch {
      if (turn === latest) heading.textContent = words.unavailable;
    }
  }

  async function outline() {
    const answer = await fetch(`/console/shops/outlines?language=${document.documentElement.lang}`);
    if (!answer.ok) return;
    const shapes = L.geoJSON(await answer.json(), {
      style: { color: "#6b8790", weight: 1.2, fillColor: "#fbfcfa", fillOpacity: 1 },
      interactive: false,
    }).addTo(map);
    shapes.bringToBack();
    const places = new Map();
    shapes.eachLayer((shape) => {
      const { adcode, name, label } = shape.feature.properties;
      places.set(adcode, shape.getBounds());
      L.tooltip({ permanent: true, direction: "center", className: "place-name" })
        .setLatLng([label[1], label[0]]).setContent(name).addTo(map);
    });
    form.district.addEventListener("change", () => {
      const bounds = places.get(form.district.value);
      map.fitBounds(bounds || [[south, west], [north, east]]);
    });
  }

  form.addEventListener("change", load);
  form.addEventListener("submit", (event) => event.preventDefault());
  map.on("moveend", load);
  outline();
  load();
});
