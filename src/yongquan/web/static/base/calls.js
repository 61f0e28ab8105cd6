// Calls from a page to the API. The session cookie is out of a script's reach: `root/token` lends a token for minutes.
"use strict";
(() => {
  let lent = null;
  class Lost extends Error {}
  class NotSignedIn extends Error {}

  const ask = async (address, options = {}) => {
    let answer;
    try { answer = await fetch(address, { credentials: "same-origin", ...options, signal: AbortSignal.timeout(30000) }); }
    catch (error) { throw new Lost(error.message); }
    return answer;
  };
  const token = async (root) => {
    if (!lent || performance.now() > lent.until) {
      const answer = await ask(`${root}/token`);
      if (answer.status === 401) throw new NotSignedIn();
      if (!answer.ok) throw new Lost(String(answer.status));
      const given = await answer.json();
      lent = { token: given.token, until: performance.now() + (given.lasts_s - 20) * 1000 };
    }
    return lent.token;
  };
  const body = async (answer) => {
    // An answer that cannot be read is no answer: the same key asks again.
    try { return await answer.json(); } catch (error) { throw new Lost(error.message); }
  };
  const call = async (root, method, path, { key, json, stepUp } = {}) => {
    const headers = { Authorization: `Bearer ${await token(root)}` };
    if (key) headers["Idempotency-Key"] = key;
    if (stepUp) headers["Step-Up-Code"] = stepUp;
    if (json !== undefined) headers["Content-Type"] = "application/json";
    const answer = await ask(path, { method, headers, body: json === undefined ? undefined : JSON.stringify(json) });
    if (answer.status >= 500) throw new Lost(String(answer.status));
    return { status: answer.status, body: answer.status === 204 ? null : await body(answer) };
  };
  const own = async (path, json) => {
    const answer = await ask(path, json === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(json),
    });
    if (answer.status === 401) throw new NotSignedIn();
    if (answer.status >= 500) throw new Lost(String(answer.status));
    return answer;
  };
  const words = () => JSON.parse(document.querySelector("main").dataset.words);
  const yuan = (fen) => (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  // "12.5" is 1250 fen; null for what is no amount. No floating point touches the sum.
  const fen = (text) => {
    const found = /^(\d{1,8})(?:\.(\d{0,2}))?$/.exec(text.trim());
    return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
  };
  const line = (list, name, value, note) => {
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    if (note) {
      const small = document.createElement("span");
      small.className = "note block";
      small.textContent = note;
      dt.append(small);
    }
    dd.textContent = value;
    list.append(dt, dd);
  };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  window.Yongquan = { call, own, words, yuan, fen, line, newKey, Lost, NotSignedIn };
})();
