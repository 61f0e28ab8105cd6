// The store's pin: tapped or dragged on the districts' outlines, taken from the phone, or typed below the map.
"use strict";
(() => {
  const box = document.getElementById("map");
  if (!box) return;
  const said = JSON.parse(document.querySelector("form[data-keep]").dataset.words);
  const english = document.body.dataset.lang === "en";
  const [lon, lat, system, note] = ["lon", "lat", "system", "place-note"].map((id) => document.getElementById(id));
  const known = box.dataset.lat && box.dataset.lon ? [Number(box.dataset.lat), Number(box.dataset.lon)] : null;
  const map = L.map(box, { minZoom: 8, maxZoom: 18, scrollWheelZoom: false }).setView(known || [29.872, 121.545], known ? 14 : 10);
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution('<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>');
  fetch("/c/districts.json").then((answer) => answer.json()).then((districts) => {
    L.geoJSON(districts, {
      interactive: false,
      style: { color: "#5d7c72", weight: 1.2, fillColor: "#f4f7f2", fillOpacity: 1 },
      onEachFeature: (feature, layer) => layer.bindTooltip(english ? feature.properties.name_en : feature.properties.name, { permanent: true, direction: "center", className: "district" }),
    }).addTo(map).bringToBack();
  }).catch(() => undefined);  // the fields below say the same
  let pin = null;
  const put = (at) => {
    if (pin) pin.setLatLng(at);
    else {
      const icon = L.icon({ iconUrl: "/static/vendor/leaflet-1.9.4/images/marker-icon.png", iconSize: [25, 41], iconAnchor: [12, 41] });
      pin = L.marker(at, { draggable: true, keyboard: true, icon, alt: said.pin, title: said.pin }).addTo(map);
      pin.on("dragend", () => take(pin.getLatLng()));
    }
  };
  const take = (at) => {
    lon.value = at.lng.toFixed(6);
    lat.value = at.lat.toFixed(6);
    system.value = "wgs84";
    note.textContent = "";
    put(at);
  };
  if (known) put(known);
  map.on("click", (event) => take(event.latlng));
  document.getElementById("here").addEventListener("click", () => {
    note.textContent = said.locating;
    navigator.geolocation.getCurrentPosition(
      (at) => { const there = L.latLng(at.coords.latitude, at.coords.longitude); take(there); map.setView(there, 16); },
      () => { note.textContent = said.no_place; }, { timeout: 8000, enableHighAccuracy: true });
  });
  for (const field of [lon, lat]) field.addEventListener("change", () => {
    const at = [Number(lat.value), Number(lon.value)];
    if (system.value === "wgs84" && at.every(Number.isFinite) && at[0] && at[1]) { put(at); map.setView(at, 14); }
  });
})();
