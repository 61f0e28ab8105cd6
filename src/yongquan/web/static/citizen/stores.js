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
  // The ground stays below the stores, whichever of the two comes first.
  map.createPane("ground").style.zIndex = 350;
  const shops = L.layerGroup().addTo(map);
  const far = (metres) => metres < 1000 ? said.metres.replace("%s", metres) : said.kilometres.replace("%s", (metres / 1000).toFixed(1));

  fetch("/c/districts.json").then((answer) => answer.json()).then((districts) => {
    L.geoJSON(districts, {
      interactive: false, pane: "ground",
      style: { color: "#5d7c72", weight: 1.2, fillColor: "#f4f7f2", fillOpacity: 1 },
      onEachFeature: (feature, layer) => layer.bindTooltip(english ? feature.properties.name_en : feature.properties.name, { permanent: true, direction: "center", className: "district" }),
    }).addTo(map);
  }).catch(() => undefined);  // the list below says the same

  const row = (store, located) => {
    const name = document.createElement("strong");
    const address = document.createElement("span");
    const text = document.createElement("span");
    const end = document.createElement("span");
    const item = document.createElement("li");
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
    item.append(text, end);
    return item;
  };
  const ask = document.getElementById("near-ask");
  let position = null;
  let latest = 0;
  // From the position, from a chosen place, or by a name: always sorted by distance from somewhere.
  const load = async (refused) => {
    const turn = ++latest;
    const place = ask.place.value;
    const q = ask.q.value.trim();
    const at = place ? null : position;
    const query = new URLSearchParams({ type_id: main.dataset.type, ...(at || {}), ...(place && { place }), ...(q && { q }) });
    let found;
    try { found = await (await fetch(`/c/stores?${query}`)).json(); } catch (error) { note.textContent = said.lost; return; }
    if (turn !== latest) return;
    list.replaceChildren(...found.stores.map((store) => row(store, Boolean(at || place))));
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
    const how = q ? said.found : place ? said.from_place : at ? "" : refused ? said.refused : said.unlocated;
    note.textContent = found.stores.length ? how : said.none;
  };
  const locate = () => navigator.geolocation.getCurrentPosition(
    (at) => { position = { lon: at.coords.longitude, lat: at.coords.latitude }; ask.place.value = ""; load(false); },
    () => { load(true); ask.place.focus(); }, { timeout: 8000, maximumAge: 300000 });
  document.getElementById("locate").addEventListener("click", locate);
  ask.place.addEventListener("change", () => load(false));
  ask.addEventListener("submit", (event) => { event.preventDefault(); load(false); });
  fetch("/c/places.json").then((answer) => answer.json()).then((places) => {
    for (const one of places) ask.place.append(new Option(one.name, one.code));
  }).catch(() => undefined);  // a name can be searched all the same
  // Asks for the position only when the citizen taps, unless it was allowed before.
  load(false);
  if (navigator.permissions) navigator.permissions.query({ name: "geolocation" }).then((given) => { if (given.state === "granted") locate(); }).catch(() => undefined);
})();
