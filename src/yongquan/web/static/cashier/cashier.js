// The cashier: countdown on the server's time, what the choices come to, the outcome asked for until it is known.
"use strict";
(() => {
  const { own, yuan, line, Lost, NotSignedIn } = window.Yongquan;
  const main = document.querySelector("main");
  const facts = main.dataset;
  const address = (page) => `${facts.root}${page}?t=${facts.token}`;
  const byId = (id) => document.getElementById(id);
  const isFramed = window.parent !== window;

  // The site that holds this page, if its origin is registered, hears how the order stands; nobody else does.
  const tell = (standing) => {
    if (!isFramed) return;
    for (const origin of JSON.parse(facts.origins))
      window.parent.postMessage({ type: "yongquan.cashier", order_no: facts.orderNo, standing }, origin);
  };
  tell(facts.standing);

  const clock = new ServerClock(Number(facts.nowMs), Number(facts.rate));
  const countdown = byId("countdown");
  const tick = () => {
    const left = Number(facts.endsMs) - clock.now();
    countdown.textContent = countdownText(left, facts.days);
    if (left <= 0) { setTimeout(() => location.reload(), 3000); return; }
    setTimeout(tick, 250);
  };
  if (countdown) tick();

  // Somebody may pay on another device, and an unknown outcome becomes known: both are seen here.
  const watch = async () => {
    try {
      const now = await (await own(address("/state"))).json();
      const changed = now.standing !== facts.standing || String(now.attempts) !== facts.attempts;
      if (changed && !document.body.dataset.sending) { location.replace(address("/result")); return; }
    } catch (error) { if (!(error instanceof Lost)) throw error; }
    setTimeout(watch, facts.standing === "unknown" ? 1500 : 3000);
  };
  if (["unknown", "open", "unpaid"].includes(facts.standing)) setTimeout(watch, 1500);

  const wayBack = byId("way-back");
  if (wayBack && isFramed) wayBack.hidden = true;
  else if (wayBack && "atOnce" in wayBack.dataset) {
    let left = 5;
    const leaving = byId("leaving");
    const leave = () => {
      leaving.textContent = leaving.dataset.text.replace("%s", left);
      if (left === 0) { const form = wayBack.querySelector("form"); if (form) form.submit(); else location.href = wayBack.querySelector("a").href; return; }
      left -= 1;
      setTimeout(leave, 1000);
    };
    leave();
  }

  const form = byId("pay");
  if (!form) return;
  const said = JSON.parse(facts.words);
  const confirm = byId("confirm");
  const result = byId("result");
  let turn = 0;
  const say = (message, bad = false) => { result.textContent = message; result.className = `result ${bad ? "is-bad" : ""}`; };
  const quote = async () => {
    const mine = ++turn;
    const wanted = { card: form.elements.card.value, choice: form.elements.choice.value,
      vouchers: [...form.querySelectorAll("[name=vouchers]:checked")].map((box) => box.value) };
    say(said.quoting);
    try {
      const answer = await (await own(address("/quote"), wanted)).json();
      if (mine !== turn) return;
      byId("quote").hidden = Boolean(answer.error) || answer.payable_fen === undefined;
      confirm.disabled = Boolean(answer.error);
      if (answer.error) { say(answer.error, true); return; }
      byId("quote-lines").replaceChildren();
      for (const voucher of answer.vouchers) line(byId("quote-lines"), voucher.name, `−¥${yuan(voucher.discount_fen)}`);
      byId("quote-lines").hidden = !answer.vouchers.length;
      byId("to-pay").textContent = `¥${yuan(answer.payable_fen)}`;
      confirm.textContent = answer.payable_fen ? said.pay.replace("%s", yuan(answer.payable_fen)) : said.pay_nothing;
      say("");
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      say(said.lost, true);
    }
  };
  form.addEventListener("change", quote);
  form.addEventListener("submit", () => {
    document.body.dataset.sending = "yes";
    confirm.disabled = true;
    confirm.textContent = said.paying;
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  quote();
})();
