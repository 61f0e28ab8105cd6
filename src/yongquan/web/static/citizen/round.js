// The claim button. Its states: loading, sign_in, paused, coming, open, claiming, claimed, lost, and every refusal.
"use strict";
(() => {
  const { call, own, words, newKey, Lost, NotSignedIn } = window.Yongquan;
  const main = document.querySelector("main");
  const round = main.dataset.round;
  const said = words();
  const button = document.getElementById("claim");
  const result = document.getElementById("result");
  const next = document.getElementById("next");
  const countdown = document.getElementById("countdown");
  const FINAL = new Set(["sold_out", "cap_reached", "not_eligible", "blocked", "closed"]);
  let facts = null;
  let clock = null;
  let asked = 0;

  const type = () => document.querySelector("input[name=type]:checked").value;
  const place = () => `claim:${facts.citizen}:${round}:${type()}`;
  // What a verified name or card would mend leads to the page for that.
  const lead = (reason) => {
    if (!["no_real_name", "age_unknown", "no_social_card"].includes(reason)) return;
    const next = document.getElementById("next");
    next.textContent = said.verify;
    next.href = `/c/identity?back=${encodeURIComponent(location.pathname)}`;
    next.hidden = false;
  };
  const show = (state, label, { message = "", enabled = false, good = false } = {}) => {
    button.dataset.state = state;
    button.textContent = label;
    button.disabled = !enabled;
    button.setAttribute("aria-busy", String(state === "claiming" || state === "loading"));
    result.textContent = message;
    result.className = `result ${good ? "is-good" : message ? "is-bad" : ""}`;
  };
  const opensAt = () => {
    const now = clock.now();
    if (now < facts.opens_ms || !facts.daily) return facts.opens_ms;
    // Claim hours are Shanghai's, eight hours ahead of UTC all year.
    const shift = 8 * 3600e3;
    const midnight = Math.floor((now + shift) / 86400e3) * 86400e3 - shift;
    const [from, until] = facts.daily.map((text) => { const [h, m] = text.split(":").map(Number); return (h * 60 + m) * 60e3; });
    if (now < midnight + from) return midnight + from;
    return now < midnight + until ? now : midnight + 86400e3 + from;
  };
  const settle = () => {
    next.hidden = facts.mine === 0;
    countdown.hidden = true;
    const now = clock.now();
    if (now >= facts.closes_ms) return show("closed", said.closed);
    if (facts.paused) return show("paused", said.paused);
    const opens = opensAt();
    if (opens > now) {
      countdown.hidden = false;
      countdown.textContent = countdownText(opens - now, said.days);
      return show("not_open", said.not_open, { message: "" });
    }
    if (!facts.citizen) return show("sign_in", said.sign_in, { enabled: true });
    if (localStorage.getItem(place())) return show("lost", said.retry, { message: said.unanswered, enabled: true });
    if (facts.cap && facts.mine >= facts.cap) return show("claimed", said.claimed, { message: said.claimed_hint, good: true });
    if (facts.remaining[type()] === 0) return show("sold_out", said.sold_out);
    return show("open", facts.mine ? said.claim_another : said.claim, { enabled: true });
  };
  const read = async () => {
    asked = performance.now();
    try {
      facts = await (await own(`/c/rounds/${round}/state`)).json();
      clock = new ServerClock(facts.now_ms + (performance.now() - asked) / 2, facts.rate);
      for (const left of document.querySelectorAll("[data-left]")) left.textContent = (left.dataset.said || said.left).replace("%s", Math.floor(facts.remaining[left.dataset.left] / (left.dataset.each || 1)));
      settle();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      show("unread", said.retry, { message: said.unavailable, enabled: true });
    }
  };
  const locate = () => new Promise((found, refused) => {
    if (!navigator.geolocation) { refused(new Error("no geolocation")); return; }
    navigator.geolocation.getCurrentPosition(
      (at) => found({ lon: at.coords.longitude, lat: at.coords.latitude }), refused, { timeout: 10000, maximumAge: 60000 });
  });
  // A name this phone made up for itself: it says nothing of who holds it.
  const device = () => {
    if (!localStorage.getItem("device")) localStorage.setItem("device", newKey());
    return localStorage.getItem("device");
  };
  // The key and the body stay here until an answer came: a retry repeats them to the byte.
  const attempt = async () => {
    const kept = localStorage.getItem(place());
    if (kept) return JSON.parse(kept);
    const json = { type_id: type() };
    if (facts.needs_place) {
      show("claiming", said.claiming, { message: said.place_asking });
      json.location = await locate();
    }
    if (facts.needs_device) json.device_id = device();
    const fresh = { key: newKey(), json };
    localStorage.setItem(place(), JSON.stringify(fresh));
    return fresh;
  };
  const claim = async () => {
    show("claiming", said.claiming);
    let request;
    try { request = await attempt(); } catch (error) { return show("wrong_place", said.place_again, { message: said.place_refused, enabled: true }); }
    try {
      const { status, body } = await call("/c", "POST", `/v1/rounds/${round}/claims`, request);
      localStorage.removeItem(place());
      if (status === 201) {
        facts.mine += 1;
        next.hidden = false;
        const more = facts.cap && facts.mine < facts.cap;
        return show("claimed", more ? said.claim_another : said.claimed, { message: said.claimed_hint, good: true, enabled: Boolean(more) });
      }
      const message = said[body.reason] || said[body.code] || said.unavailable;
      lead(body.reason);
      if (body.code === "unauthorized") return show("sign_in", said.sign_in, { enabled: true });
      if (body.code === "not_open") { await read(); return undefined; }
      if (body.code === "wrong_place") return show("wrong_place", said.place_again, { message, enabled: true });
      if (FINAL.has(body.code)) return show(body.code, said[body.code], { message: body.code === "sold_out" || body.code === "closed" ? "" : message });
      return show(body.code, said.retry, { message, enabled: true });
    } catch (error) {
      if (error instanceof NotSignedIn) return show("sign_in", said.sign_in, { enabled: true });
      if (!(error instanceof Lost)) throw error;
      return show("lost", said.retry, { message: said.lost, enabled: true });
    }
  };
  button.addEventListener("click", () => {
    if (button.dataset.state === "sign_in") { location.href = `/c/sign-in?back=${encodeURIComponent(location.pathname)}`; return; }
    if (button.dataset.state === "unread") { read(); return; }
    claim();
  });
  document.getElementById("types").addEventListener("change", settle);
  setInterval(() => {
    if (!facts || button.dataset.state !== "not_open") return;
    const left = opensAt() - clock.now();
    if (left <= 0) settle(); else { countdown.hidden = false; countdown.textContent = countdownText(left, said.days); }
  }, 250);
  // A phone that slept has a stale count and clock.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && performance.now() - asked > 10000 && ["open", "not_open"].includes(button.dataset.state)) read();
  });
  read();
})();
