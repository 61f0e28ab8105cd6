// Signing up for a draw with ordered wishes, and checking one's own record, lots and result with the phone's own SHA-256.
"use strict";
(() => {
  const { call, own, words, newKey, Lost, NotSignedIn } = window.Yongquan;
  const main = document.querySelector("main");
  const round = main.dataset.round;
  const most = Number(main.dataset.wishesMax);
  const said = words();
  const button = document.getElementById("register");
  const result = document.getElementById("result");
  const withdrawing = document.getElementById("withdraw");
  const countdown = document.getElementById("countdown");
  const picks = [...document.querySelectorAll("[data-wish]")];
  let facts = null;
  let clock = null;
  let wishes = [];
  let told = "";

  const place = () => `register:${facts.citizen}:${round}`;
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
    result.textContent = message;
    result.className = `result ${good ? "is-good" : message ? "is-bad" : ""}`;
  };
  const mark = (open) => {
    for (const pick of picks) {
      const turn = wishes.indexOf(pick.dataset.wish);
      pick.setAttribute("aria-pressed", String(turn >= 0));
      pick.textContent = turn >= 0 ? said.wish.replace("%s", turn + 1) : said.choose;
      pick.disabled = !open || (turn < 0 && wishes.length >= most);
    }
  };
  const outcomes = () => {
    for (const wish of facts.mine.wishes) {
      const out = document.querySelector(`[data-outcome="${wish.type_id}"]`);
      if (wish.won === null) continue;
      out.textContent = `${wish.won ? said.won : said.lost_draw} · ${said.place.replace("%s", wish.place).replace("%s", wish.quota)}`;
      out.classList.toggle("strong", wish.won);
    }
  };
  const settle = () => {
    const now = clock.now();
    const open = now >= facts.opens_ms && now < facts.closes_ms && ["announced", "open"].includes(facts.state);
    const until = now < facts.opens_ms ? facts.opens_ms : facts.closes_ms;
    countdown.hidden = now >= facts.closes_ms;
    countdown.textContent = `${now < facts.opens_ms ? said.to_open : said.to_close} ${countdownText(until - now, said.days)}`;
    withdrawing.hidden = !(facts.mine && open);
    if (facts.mine) {
      wishes = facts.mine.wishes.map((wish) => wish.type_id);
      mark(false);
      outcomes();
      const won = facts.mine.wishes.filter((wish) => wish.won).length;
      document.getElementById("next").hidden = won === 0;
      if (facts.state === "voided") return show("voided", said.voided);
      if (!["drawn", "published"].includes(facts.state)) return show("registered", said.registered, { message: said.registered_hint, good: true });
      return won ? show("won", said.won, { message: said.won_hint.replace("%s", won), good: true }) : show("not_drawn", said.not_drawn);
    }
    mark(open && Boolean(facts.citizen));
    if (now < facts.opens_ms) return show("not_open", said.not_open);
    if (!open) return show("closed", facts.state === "voided" ? said.voided : said.sign_up_closed);
    if (!facts.citizen) return show("sign_in", said.sign_in_first, { enabled: true });
    if (localStorage.getItem(place())) return show("lost", said.retry, { message: said.unanswered_sign_up, enabled: true });
    return show("open", said.register, { message: told, good: true, enabled: wishes.length > 0 });
  };
  const read = async () => {
    const asked = performance.now();
    try {
      facts = await (await own(`/c/rounds/${round}/draw`)).json();
      clock = new ServerClock(facts.now_ms + (performance.now() - asked) / 2, facts.rate);
      settle();
      await check();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      show("unread", said.retry, { message: said.unavailable, enabled: true });
    }
  };
  const locate = () => new Promise((found, refused) => {
    if (!navigator.geolocation) { refused(new Error("no geolocation")); return; }
    navigator.geolocation.getCurrentPosition((at) => found({ lon: at.coords.longitude, lat: at.coords.latitude }), refused, { timeout: 10000, maximumAge: 60000 });
  });
  const attempt = async () => {
    const kept = localStorage.getItem(place());
    if (kept) return JSON.parse(kept);
    show("registering", said.registering, { message: said.place_asking_draw });
    const fresh = { key: newKey(), json: { wishes, location: await locate() } };
    localStorage.setItem(place(), JSON.stringify(fresh));
    return fresh;
  };
  const why = (body) => said[body.reason] || said[body.code] || said.unavailable;
  const withdraw = async () => {
    if (withdrawing.dataset.armed !== "yes") {
      withdrawing.dataset.armed = "yes";
      withdrawing.dataset.key = newKey();
      withdrawing.textContent = said.withdraw_sure;
      return;
    }
    withdrawing.disabled = true;
    try {
      const { status, body } = await call("/c", "DELETE", `/v1/rounds/${round}/registrations`, { key: withdrawing.dataset.key });
      if (status !== 204) return show(body.code, said.retry, { message: why(body), enabled: true });
      facts.mine = null;
      wishes = [];
      told = said.withdrawn_done;
      document.getElementById("proof").hidden = true;
      await read();
    } catch (error) {
      if (error instanceof NotSignedIn) return show("sign_in", said.sign_in_first, { enabled: true });
      if (!(error instanceof Lost)) throw error;
      // The same key asks again.
      result.textContent = said.unavailable;
      result.className = "result is-bad";
      return;
    } finally {
      withdrawing.disabled = false;
    }
    delete withdrawing.dataset.armed;
    withdrawing.textContent = said.withdraw;
  };
  const register = async () => {
    let request;
    try { request = await attempt(); } catch (error) { return show("wrong_place", said.place_again, { message: said.place_refused_draw, enabled: true }); }
    show("registering", said.registering);
    try {
      const { status, body } = await call("/c", "POST", `/v1/rounds/${round}/registrations`, request);
      localStorage.removeItem(place());
      if (status === 201) return await read();
      lead(body.reason);
      return show(body.code, said.retry, { message: why(body), enabled: true });
    } catch (error) {
      if (error instanceof NotSignedIn) return show("sign_in", said.sign_in_first, { enabled: true });
      if (!(error instanceof Lost)) throw error;
      return show("lost", said.retry, { message: said.unanswered_sign_up, enabled: true });
    }
  };

  // What the server says of one's own record is computed again here.
  const utf8 = (text) => new TextEncoder().encode(text);
  const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const sha = async (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  };
  const rootOf = async ({ index, count, record, path }) => {
    let node = index, last = count - 1, head = await sha([0], unhex(record)), left = path.slice();
    while (last > 0) {
      // The last one of an odd number moves up alone.
      if (node & 1) head = await sha([1], unhex(left.shift()), head);
      else if (node < last) head = await sha([1], head, unhex(left.shift()));
      node >>= 1;
      last >>= 1;
    }
    return left.length ? "" : hex(head);
  };
  const check = async () => {
    const mine = facts.mine;
    if (!mine) return;
    document.getElementById("proof").hidden = false;
    const list = document.getElementById("checks");
    const found = [];
    const line = (text, holds, value = "") => found.push([text, holds, value]);
    if (!window.crypto || !crypto.subtle) line(said.no_crypto, false);
    else {
      const name = hex(await sha(utf8(`${mine.draw_id}/${facts.citizen}/${mine.receipt}`))).slice(0, 32);
      line(said.check_pseudonym, name === mine.pseudonym, name);
      if (mine.inclusion) {
        const rules = JSON.parse(facts.announcement);
        const numbers = [...unhex(mine.inclusion.record)].slice(17).filter((wish) => wish !== 255);
        const same = mine.inclusion.record.startsWith(name) && numbers.map((wish) => rules.categories[wish].code).join() === wishes.join();
        line(said.check_record, same);
        line(said.check_list.replace("%s", mine.inclusion.index + 1).replace("%s", mine.inclusion.count), await rootOf(mine.inclusion) === facts.list_hash, facts.list_hash);
      } else line(said.check_waits, null);
      if (facts.secret) {
        line(said.check_commitment, hex(await sha(utf8(facts.announcement), unhex(facts.secret))) === facts.commitment, facts.commitment);
        line(said.check_seed, hex(await sha(unhex(facts.secret), unhex(facts.list_hash), utf8(facts.beacon))) === mine.seed, mine.seed);
      }
      if (mine.seed) {
        const lots = hex(await sha(unhex(mine.seed), unhex(name)));
        for (let turn = 0; turn < wishes.length; turn += 1) line(said.lot.replace("%s", turn + 1), null, lots.slice(16 * turn, 16 * turn + 16));
      }
    }
    list.replaceChildren(...found.map(([text, holds, value]) => {
      const item = document.createElement("li");
      item.textContent = `${holds === null ? "" : holds ? "✓ " : "✗ "}${text}`;
      if (holds !== null) item.dataset.holds = String(holds);
      if (value) { const small = document.createElement("span"); small.className = "note block code"; small.textContent = value; item.append(small); }
      return item;
    }));
  };

  for (const pick of picks) pick.addEventListener("click", () => {
    const type = pick.dataset.wish;
    told = "";
    wishes = wishes.includes(type) ? wishes.filter((one) => one !== type) : [...wishes, type];
    settle();
  });
  button.addEventListener("click", () => {
    if (button.dataset.state === "sign_in") { location.href = `/c/sign-in?back=${encodeURIComponent(location.pathname)}`; return; }
    if (button.dataset.state === "unread") { read(); return; }
    register();
  });
  withdrawing.addEventListener("click", withdraw);
  let shown = "";
  setInterval(() => {
    if (!facts || ["registering", "wrong_place"].includes(button.dataset.state)) return;
    const before = clock.now() < facts.opens_ms ? "before" : clock.now() < facts.closes_ms ? "open" : "closed";
    if (before !== shown || before !== "closed") { if (["not_open", "open", "registered", "closed", "sign_in"].includes(button.dataset.state)) settle(); }
    shown = before;
  }, 1000);
  // Until the result is out, look again now and then.
  setInterval(() => { if (facts && !["published", "voided"].includes(facts.state) && clock.now() >= facts.closes_ms) read(); }, 5000);
  read();
})();
