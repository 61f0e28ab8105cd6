// The survey page: tasks and records in a list, one record in a form. All of it works without a network.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const SIDE = 1600;
  const form = at("visit");
  let pack = { surveyor_id: "", tasks: [], shops: [], sent: [] };
  let draft = null;

  const fill = (row, name, note, tag) => {
    row.querySelector(".row-name").textContent = name;
    row.querySelector(".row-note").textContent = note;
    row.querySelector(".tag").textContent = tag;
    return row;
  };
  const copy = (id) => at(id).content.firstElementChild.cloneNode(true);
  const nameOf = (visit) => visit.shop ? visit.shop.name : visit.body.answers.name;

  const showList = async () => {
    const mine = (await kept.visits()).filter((one) => one.owner === pack.surveyor_id);
    const inHand = new Set(mine.map((one) => one.body.task_id));
    const tasks = pack.tasks.filter((task) => !inHand.has(task.task_id));
    at("tasks").replaceChildren(...tasks.map((task) => {
      const row = fill(copy("row"), task.name, task.address, task.due_day.slice(5));
      row.querySelector("button").addEventListener("click", () => open({ task, shop: task }));
      return row;
    }));
    at("no-tasks").hidden = tasks.length > 0;
    const held = mine.map((visit) => {
      const row = fill(copy("record"), nameOf(visit), visit.body.captured_at.slice(0, 16).replace("T", " "), words.queued);
      if (visit.fault) {
        row.querySelector(".row-fault").textContent = words.refused + visit.fault;
        button(row, ".row-edit", words.edit, () => mend(visit));
        button(row, ".row-drop", words.discard, async () => {
          if (confirm(words.sure)) { await kept.drop(visit); await refresh(); }
        });
      }
      return row;
    });
    const waiting = new Set(mine.map((one) => one.survey_id));
    const sent = pack.sent.filter((one) => !waiting.has(one.survey_id)).map((one) => {
      const row = fill(copy("record"), one.name, one.captured_at.slice(0, 16).replace("T", " "), words[one.state]);
      if (one.state === "returned") {
        row.querySelector(".row-fault").textContent = one.reason;
        button(row, ".row-edit", words.edit, () => resend(one));
      }
      return row;
    });
    at("records").replaceChildren(...held, ...sent);
    at("no-records").hidden = held.length + sent.length > 0;
    const waits = mine.filter((one) => !one.fault).length;
    at("queue-text").textContent = waits ? words.unsent.replace("%d", waits) : words.all_sent;
    at("send").hidden = waits === 0;
  };
  const button = (row, where, text, act) => {
    const found = row.querySelector(where);
    found.hidden = false;
    found.textContent = text;
    found.addEventListener("click", act);
  };

  const getPack = async () => {
    const where = draft && draft.position ? `?lon=${draft.position.lon}&lat=${draft.position.lat}` : "";
    try {
      pack = await sending.ask("GET", `/p/survey/pack${where}`);
      await kept.keepPack(pack);
      at("sign-in").hidden = true;
    } catch (error) {
      if (error instanceof sending.NotSignedIn) at("sign-in").hidden = false;
      pack = (await kept.pack()) || pack;
    }
  };
  const refresh = async () => { await getPack(); await showList(); };
  const send = async () => {
    const waits = (await kept.visits()).some((one) => one.owner === pack.surveyor_id && !one.fault);
    if (!waits) return;
    at("queue-text").textContent = words.sending;
    const ended = await sending.all(pack.surveyor_id, showList);
    await refresh();
    if (ended === "offline") at("queue-text").textContent += " · " + words.offline;
    if (ended === "sign_in") { at("queue-text").textContent += " · " + words.sign_in; at("sign-in").hidden = false; }
  };

  // The form.
  const open = (begun) => {
    draft = { survey_id: uuid(), revision: 1, photos: [], position: null, task: null, shop: null, isNew: false, ...begun };
    form.reset();
    for (const [name, value] of Object.entries(begun.answers || {})) {
      const field = form.elements[name];
      if (!field) continue;
      if (field.type === "checkbox") field.checked = value === true; else field.value = value === null ? "" : value;
    }
    at("returned").hidden = !begun.reason;
    at("returned").textContent = begun.reason || "";
    at("fault").textContent = "";
    at("found").replaceChildren();
    at("find").value = "";
    at("none-found").hidden = true;
    at("list").hidden = true;
    form.hidden = false;
    showShop();
    showPhotos();
    locate();
    at("visit-title").focus();
    if (!draft.shop && !draft.isNew) search();
  };
  const uuid = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g,
    (c) => (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16));
  const close = async () => { draft = null; form.hidden = true; at("list").hidden = false; await showList(); at("new").focus(); };
  const showShop = () => {
    const chosen = draft.shop !== null || draft.isNew;
    at("choose").hidden = chosen;
    at("questions").hidden = !chosen;
    at("shop").hidden = draft.shop === null;
    at("new-shop").hidden = !draft.isNew;
    if (draft.shop) { at("shop-name").textContent = draft.shop.name; at("shop-address").textContent = draft.shop.address; }
  };
  const mend = async (visit) => {
    const photos = (await Promise.all(visit.body.photos.map((one) => kept.photo(one.photo_id)))).filter(Boolean);
    open({ ...visit, photos, revision: visit.body.revision, answers: visit.body.answers, isNew: !visit.shop });
  };
  const resend = (one) => {
    const shop = one.store_id ? { store_id: one.store_id, name: one.name, address: "" } : null;
    const task = one.task_id ? { task_id: one.task_id } : null;
    open({ survey_id: one.survey_id, revision: one.revision + 1, answers: one.answers, reason: one.reason, shop, task, isNew: !shop });
  };

  let asked = 0;
  const search = async () => {
    const mine = ++asked;
    const part = at("find").value.trim();
    const show = (shops) => {
      at("found").replaceChildren(...shops.slice(0, 20).map((shop) => {
        const row = fill(copy("row"), shop.name, shop.address, "");
        row.querySelector(".tag").remove();
        row.querySelector("button").addEventListener("click", () => { draft.shop = shop; showShop(); at("visit-title").focus(); });
        return row;
      }));
      at("none-found").hidden = shops.length > 0;
    };
    const near = pack.shops.filter((shop) => shop.name.includes(part));
    show(near);
    if (!part || near.length) return;
    try {
      const said = await sending.ask("GET", `/p/survey/shops?q=${encodeURIComponent(part)}`);
      if (mine === asked) show(said.shops);
    } catch (error) { /* without a network the shops on the phone are all there is */ }
  };

  const locate = () => {
    at("position").textContent = words.no_position;
    navigator.geolocation.getCurrentPosition((found) => {
      if (!draft) return;
      const { longitude, latitude, accuracy } = found.coords;
      draft.position = { lon: longitude, lat: latitude, accuracy_m: accuracy };
      at("position").textContent = words.position.replace("%d", Math.round(accuracy));
    }, () => { at("position").textContent = words.position_failed; }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 30000 });
  };

  const showPhotos = () => at("photos").replaceChildren(...draft.photos.map((photo) => {
    const item = document.createElement("li");
    const canvas = document.createElement("canvas");
    canvas.width = 208;
    canvas.height = 156;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words[photo.kind]);
    createImageBitmap(photo.content).then((picture) => {
      const scale = Math.max(208 / picture.width, 156 / picture.height);
      canvas.getContext("2d").drawImage(picture, (208 - picture.width * scale) / 2, (156 - picture.height * scale) / 2, picture.width * scale, picture.height * scale);
    });
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "text-button";
    remove.textContent = words[photo.kind] + " ×";
    remove.setAttribute("aria-label", words.remove + ": " + words[photo.kind]);
    remove.addEventListener("click", () => { draft.photos = draft.photos.filter((one) => one !== photo); showPhotos(); });
    item.append(canvas, remove);
    return item;
  }));
  // A picture as it is sent: no larger than needed, upright, without the phone's metadata.
  const smaller = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => canvas.toBlob((made) => made ? resolve(made) : reject(new Error("no picture")), "image/jpeg", 0.85));
  };
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const addPhoto = async (input) => {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    at("fault").textContent = "";
    try {
      const content = await smaller(file);
      const sha256 = hex(await crypto.subtle.digest("SHA-256", await content.arrayBuffer()));
      draft.photos.push({ photo_id: uuid(), kind: input.dataset.kind, size: content.size, sha256, content });
      showPhotos();
    } catch (error) { at("fault").textContent = words.photo_failed; }
  };

  const answers = () => ({
    status: form.elements.status.value,
    sign_name: form.elements.sign_name.value.trim(),
    code_shown: form.elements.code_shown.checked,
    terminal_no: form.elements.terminal_no.value.trim(),
    trained: form.elements.trained.checked,
    note: form.elements.note.value.trim(),
    ...(draft.isNew ? {
      name: form.elements.name.value.trim(), address: form.elements.address.value.trim(),
      industry: form.elements.industry.value, phone: form.elements.phone.value.trim(),
    } : {}),
  });
  const faultOf = (said) => {
    if (draft.isNew && !(said.name && said.address)) return words.need_name;
    if (said.status === "open" && !draft.photos.some((photo) => photo.kind === "front")) return words.need_front;
    return "";
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = answers();
    at("fault").textContent = faultOf(said);
    if (at("fault").textContent) return;
    const body = {
      revision: draft.revision, answers: said, captured_at: new Date().toISOString(), position: draft.position,
      photos: draft.photos.map(({ photo_id, kind, size, sha256 }) => ({ photo_id, kind, size, sha256 })),
      task_id: draft.task ? draft.task.task_id : null, store_id: draft.shop ? draft.shop.store_id : null,
    };
    try {
      await kept.keep({ survey_id: draft.survey_id, owner: pack.surveyor_id, shop: draft.shop, task: draft.task, body }, draft.photos);
    } catch (error) { at("fault").textContent = words.no_room; return; }
    await close();
    await send();
  });
  at("new").addEventListener("click", () => open({}));
  at("add").addEventListener("click", () => { draft.isNew = true; showShop(); form.elements.name.focus(); });
  at("back").addEventListener("click", close);
  at("find").addEventListener("input", search);
  at("locate").addEventListener("click", locate);
  at("send").addEventListener("click", send);
  for (const input of form.querySelectorAll("input[type=file]")) input.addEventListener("change", () => addPhoto(input));
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !draft) send(); });

  (async () => {
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
    if ("serviceWorker" in navigator) {
      await navigator.serviceWorker.register("/p/survey/worker.js", { scope: "/p/survey" });
      const ready = await navigator.serviceWorker.ready;
      const loaded = performance.getEntriesByType("resource").map((one) => one.name).filter((one) => one.includes("/static/"));
      if (navigator.onLine) ready.active.postMessage({ keep: ["/p/survey", ...new Set(loaded)] });
    }
  })().catch(() => { /* the page works, only not from a start without a network */ });
  refresh().then(send);
})();
