// The citizen's one-time code: renewed before it ends, digits hidden until tapped, watched until somebody uses it.
"use strict";
(() => {
  const { call, own, words, Lost, NotSignedIn } = window.Yongquan;
  const RENEW_S = 50;
  const said = words();
  const choice = document.getElementById("choice");
  if (!choice) return;
  const picture = document.getElementById("picture");
  const digits = document.getElementById("digits");
  const seconds = document.getElementById("seconds");
  const result = document.getElementById("result");
  let shown = [];   // this code and the one before it, which a cashier may just have scanned
  let left = 0;
  let revealed = false;
  let busy = false;

  const paint = () => {
    const code = shown[0];
    digits.disabled = !code;
    digits.textContent = code && revealed ? code.replace(/(\d{4})(?=\d)/g, "$1 ") : said.show;
    digits.setAttribute("aria-label", revealed && code ? `${code.split("").join(" ")} ${said.hide}` : said.show);
  };
  const tell = (message, bad) => { result.textContent = message; result.className = `result ${bad ? "is-bad" : ""}`; };
  const renew = async () => {
    if (busy) return;
    busy = true;
    try {
      const wanted = { instrument_id: choice.elements.card.value };
      const voucher = choice.elements.voucher.value;
      if (voucher !== "best") wanted.vouchers = voucher === "none" ? [] : [voucher];
      const { status, body } = await call("/c", "POST", "/v1/pay-codes", { json: wanted });
      if (status !== 201) throw new Lost(body.code);
      const svg = await (await own("/c/pay-code/picture", { pay_code: body.pay_code })).text();
      picture.replaceChildren(new DOMParser().parseFromString(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml").documentElement);
      shown = [body.pay_code, ...shown].slice(0, 2);
      picture.dataset.ready = "yes";
      left = RENEW_S;
      tell("");
      paint();
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      left = 3;
      tell(said.lost, true);
    } finally { busy = false; }
  };
  const watch = async () => {
    for (const pay_code of [...shown]) {
      try {
        const found = await (await own("/c/pay-code/outcome", { pay_code })).json();
        if (!found.payment_id) continue;
        tell(said.waiting);
        location.href = found.state === "user_paying" ? `/c/confirm/${found.payment_id}` : `/c/payments/${found.payment_id}`;
        return;
      } catch (error) {
        if (!(error instanceof Lost || error instanceof NotSignedIn)) throw error;
      }
    }
    setTimeout(watch, 1500);
  };
  digits.addEventListener("click", () => { revealed = !revealed; paint(); });
  document.getElementById("renew").addEventListener("click", renew);
  choice.addEventListener("change", renew);
  choice.addEventListener("submit", (event) => event.preventDefault());
  setInterval(() => {
    left -= 1;
    if (left <= 0 && !document.hidden) renew();
    seconds.textContent = left > 0 ? said.seconds.replace("%s", left) : "";
  }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
  renew().then(watch);
})();
