// Paying at a store's code: amount, best vouchers, what is left to pay, confirm. A retry never pays twice.
"use strict";
(() => {
  const { call, own, words, yuan, fen, line, newKey, Lost, NotSignedIn } = window.Yongquan;
  const form = document.getElementById("pay");
  if (!form) return;
  const said = words();
  const store = document.querySelector("main").dataset.store;
  const amount = document.getElementById("amount");
  const confirm = document.getElementById("confirm");
  const result = document.getElementById("result");
  const quote = document.getElementById("quote");
  const lines = document.getElementById("quote-lines");
  const unusable = document.getElementById("quote-unusable");
  const kept = `pay:${store}`;
  let quoted = null;
  let turn = 0;
  let later;

  const tell = (message, bad = false) => { result.textContent = message; result.className = `result ${bad ? "is-bad" : ""}`; };
  const label = () => { confirm.textContent = quoted ? (quoted.payable_fen ? said.pay.replace("%s", yuan(quoted.payable_fen)) : said.pay_nothing) : said.pay_nothing; confirm.disabled = !quoted; };
  const ask = async () => {
    const mine = ++turn;
    const sum = fen(amount.value);
    quoted = null;
    label();
    if (!sum) { quote.hidden = true; tell(amount.value && sum === null ? said.cents : "", true); return; }
    tell(said.quoting);
    try {
      const answer = await (await own("/c/pay/quote", { store_id: store, amount_fen: sum, instrument_id: form.elements.card.value })).json();
      if (mine !== turn) return;
      quoted = { ...answer, amount_fen: sum };
      lines.replaceChildren();
      for (const voucher of answer.vouchers) line(lines, voucher.name, `−¥${yuan(voucher.discount_fen)}`);
      if (!answer.vouchers.length) line(lines, said.no_vouchers, "");
      unusable.hidden = !answer.unusable.length;
      unusable.querySelector("summary").textContent = said.unusable.replace("%s", answer.unusable.length);
      const why = unusable.querySelector("dl");
      why.replaceChildren();
      for (const voucher of answer.unusable) line(why, voucher.name, voucher.text);
      document.getElementById("to-pay").textContent = `¥${yuan(answer.payable_fen)}`;
      quote.hidden = false;
      tell("");
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      tell(said.unavailable, true);
      later = setTimeout(ask, 3000);
    }
    label();
  };
  const settled = async (body) => {
    let payment = body;
    for (let tries = 0; tries < 3 && (payment.state === "unknown" || payment.state === "charging"); tries += 1) {
      tell(said.waiting);
      await new Promise((go) => setTimeout(go, 1500));
      payment = (await call("/c", "GET", `/v1/payments/${payment.payment_id}`)).body;
    }
    location.href = `/c/payments/${payment.payment_id}`;
  };
  const code = document.getElementById("step-up");
  const device = localStorage.getItem("device");  // its own name, if a round asked for one before
  let asked = null;
  const send = async () => {
    const unanswered = localStorage.getItem(kept);
    const request = asked ? { ...asked, stepUp: code.value.trim() } : unanswered ? JSON.parse(unanswered) : { key: newKey(), json: {
      store_id: store, amount_fen: quoted.amount_fen, instrument_id: form.elements.card.value,
      vouchers: quoted.vouchers.map((voucher) => voucher.voucher_id),
      ...(device ? { device_id: device } : {}),
    } };
    localStorage.setItem(kept, JSON.stringify(request));
    confirm.disabled = true;
    amount.disabled = true;
    confirm.textContent = said.paying;
    tell("");
    try {
      const { status, body } = await call("/c", "POST", "/v1/payments", request);
      localStorage.removeItem(kept);
      if (body.code === "step_up_required" || (asked && body.code === "wrong_code")) { askForCode(request, body.code); return; }
      closeCode();
      if (status === 201 || status === 202) { await settled(body); return; }
      amount.disabled = false;
      if (body.code === "voucher_unavailable" || body.code === "voucher_not_usable") { await ask(); tell(said.changed, true); return; }
      tell(said[body.code] || said.unavailable, true);
      label();
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      offerRetry();
    }
  };
  // Risk asked for a one-time code: the same order, under the same key, goes on with it.
  const askForCode = (request, why) => {
    asked = { key: request.key, json: request.json };
    code.closest(".step-up").hidden = false;
    confirm.disabled = false;
    confirm.textContent = said.go_on;
    code.value = "";
    code.focus();
    tell(said[why], true);
  };
  const closeCode = () => { asked = null; code.closest(".step-up").hidden = true; };
  const offerRetry = () => { tell(said.lost, true); amount.disabled = true; confirm.disabled = false; confirm.textContent = said.retry; };
  amount.addEventListener("input", () => { closeCode(); clearTimeout(later); later = setTimeout(ask, 250); });
  form.addEventListener("change", (event) => { if (event.target.name === "card") ask(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); if (asked ? code.value.trim() : quoted || localStorage.getItem(kept)) send(); });
  const before = localStorage.getItem(kept);
  if (before) { amount.value = yuan(JSON.parse(before).json.amount_fen).replace(/,/g, ""); offerRetry(); } else if (amount.readOnly) ask(); else amount.focus();
})();
