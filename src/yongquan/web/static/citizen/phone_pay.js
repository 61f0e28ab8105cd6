// Pay by phone: the token's key is kept by the browser so that no script can read it; a tap's answer is made here.
"use strict";
(() => {
  const main = document.querySelector("main");
  const facts = main.dataset;
  const said = JSON.parse(facts.words);
  const byId = (id) => document.getElementById(id);
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (buffer) => [...new Uint8Array(buffer)].map((one) => one.toString(16).padStart(2, "0")).join("").toUpperCase();
  const REQUEST = /^(9F0206[0-9]{12}5F2A020156)(9F3704[0-9A-F]{8})(9F160F[0-9A-F]{30})$/;

  const opened = () => new Promise((go, stop) => {
    const asked = indexedDB.open("yongquan-phone-pay", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("tokens", { keyPath: "token" });
    asked.onsuccess = () => go(asked.result);
    asked.onerror = () => stop(asked.error);
  });
  const within = async (mode, deed) => {
    const database = await opened();
    try {
      return await new Promise((go, stop) => {
        const transaction = database.transaction("tokens", mode);
        let found;
        deed(transaction.objectStore("tokens"), (value) => { found = value; });
        transaction.oncomplete = () => go(found);
        transaction.onerror = transaction.onabort = () => stop(transaction.error);
      });
    } finally { database.close(); }
  };
  const keep = async () => {
    if (!facts.key) return;
    const key = await crypto.subtle.importKey("raw", bytes(facts.key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    main.removeAttribute("data-key");
    await within("readwrite", (store) => store.put({ token: facts.token, number: facts.number, key, counter: 0 }));
    history.replaceState(null, "", "/c/phone-pay");
  };
  const all = () => within("readonly", (store, found) => { const asked = store.getAll(); asked.onsuccess = () => found(asked.result); });
  // The counter is written down before it is used: no two answers carry the same one.
  const next = (token) => within("readwrite", (store, found) => {
    const asked = store.get(token);
    asked.onsuccess = () => { const kept = asked.result; kept.counter += 1; store.put(kept); found(kept); };
  });
  const answer = async (token, request) => {
    const [, amount, unpredictable, shop] = request;
    const kept = await next(token);
    const signed = `5A0A${kept.number}F${amount}${unpredictable}9F3602${kept.counter.toString(16).padStart(4, "0").toUpperCase()}${shop}`;
    const mark = await crypto.subtle.sign("HMAC", kept.key, bytes(signed));
    return `${signed}9F2608${hex(mark).slice(0, 16)}`;
  };
  const tell = (message, bad) => { byId("told").textContent = message; byId("told").className = `result ${bad ? "is-bad" : ""}`; };

  const begin = async () => {
    await keep();
    const rows = [...document.querySelectorAll("[data-phone]")];
    const own = (await all()).filter((kept) => rows.some((row) => row.dataset.phone === kept.token));
    for (const row of rows)
      if (own.some((kept) => kept.token === row.dataset.phone)) row.querySelector("[data-here]").textContent = `(${said.here})`;
    if (!own.length || !byId("tap-here")) return;
    byId("tap-here").hidden = false;
    byId("tap").addEventListener("click", async () => {
      const request = REQUEST.exec(byId("request").value.replace(/\s/g, "").toUpperCase());
      byId("answer").hidden = !request;
      if (!request) { tell(said.bad_request, true); return; }
      byId("answer").textContent = await answer(own[own.length - 1].token, request);
      tell(said.tapped);
    });
    main.dataset.ready = "yes";
  };
  begin();
})();
