// Stores near the citizen that take this voucher: district outlines as the map, a list beside it.
"use strict";
(() => {
  const box = document.getElementById("map");
  if (!box) return;
  const main = document.querySelector("main");
  const said = JSON.parse(main.dataset.words);
  const english = document.body.dataset.lang === "en";
  const note = document.getElementById("map-note");
  const list = document.getElementById("stores");
  const map = L.map(box, { zoomControl: true, attributionControl: true, minZoom: 8, maxZoom: 17, scrollWheelZoom: false });
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution('<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>');
  const shops = L.layerGroup().addTo(map);
  const far = (metres) => metres < 1000 ? said.metres.replace("%s", metres) : said.kilometres.replace("%s", (metres / 1000).toFixed(1));

  fetch("/c/districts.json").then((answer) => answer.json()).then((districts) => {
    L.geoJSON(districts, {
      interactive: false,
      style: { color: "#5d7c72", weight: 1.2, fillColor: "#f4f7f2", fillOpacity: 1 },
      onEachFeature: (feature, layer) => layer.bindTooltip(english ? feature.properties.name_en : feature.properties.name, { permanent: true, direction: "center", className: "district" }),
    }).addTo(map).bringToBack();
  }).catch(() => undefined);  // the list below says the same

  const place = (store, located) => {
    const name = document.createElement("strong");
    const address = document.createElement("span");
    const text = document.createElement("span");
    const end = document.createElement("span");
    const row = document.createElement("li");
    name.textContent = store.name;
    address.textContent = store.address;
    name.lang = address.lang = "zh-CN";
    address.className = "note block";
    text.className = "where";
    text.append(name, address);
    end.className = "far";
    const kind = document.createElement("span");
    kind.className = "block";
    kind.textContent = store.industry;
    end.append(kind, located ? far(store.metres) : "");
    row.append(text, end);
    return row;
  };
  const load = async (at) => {
    const query = new URLSearchParams({ type_id: main.dataset.type, ...(at || {}) });
    let found;
    try { found = await (await fetch(`/c/stores?${query}`)).json(); } catch (error) { note.textContent = said.lost; return; }
    list.replaceChildren(...found.stores.map((store) => place(store, Boolean(at))));
    shops.clearLayers();
    const points = found.stores.slice(0, 30).map((store) => [store.lat, store.lon]);
    for (const store of found.stores) {
      const name = document.createElement("span");
      name.lang = "zh-CN";
      name.textContent = store.name;
      L.circleMarker([store.lat, store.lon], { radius: 7, color: "#fff", weight: 2, fillColor: "#b5310f", fillOpacity: 1 }).bindPopup(name).addTo(shops);
    }
    if (at) L.circleMarker([at.lat, at.lon], { radius: 8, color: "#fff", weight: 3, fillColor: "#0b5f8a", fillOpacity: 1 }).bindTooltip(said.here).addTo(shops);
    map.fitBounds(L.latLngBounds([...points, [found.here[1], found.here[0]]]).pad(0.15), { maxZoom: 13 });
    note.textContent = found.stores.length ? (at ? "" : said.unlocated) : said.none;
  };
  const locate = () => navigator.geolocation.getCurrentPosition(
    (at) => load({ lon: at.coords.longitude, lat: at.coords.latitude }), () => load(null), { timeout: 8000, maximumAge: 300000 });
  document.getElementById("locate").addEventListener("click", locate);
  // Asks for the position only when the citizen taps, unless it was allowed before.
  load(null);
  if (navigator.permissions) navigator.permissions.query({ name: "geolocation" }).then((given) => { if (given.state === "granted") locate(); }).catch(() => undefined);
})();
