// A refund of all or part of a payment: the sheet asks how much; its key stays the same until it is answered.
"use strict";
(() => {
  const { call, words, yuan, fen, newKey, Lost, NotSignedIn } = window.Yongquan;
  const said = words();
  const byId = (id) => document.getElementById(id);
  const status = byId("status");
  const sheet = byId("refund");
  if (!sheet) return;
  const amount = byId("refund-amount");
  const wrong = byId("refund-error");
  const tell = (message, bad) => { status.textContent = message; status.className = `result ${bad ? "is-bad" : "is-good"}`; };
  const complain = (message) => { wrong.textContent = message; wrong.hidden = false; amount.focus(); };
  let asked = null;
  let keyed = null;

  for (const button of document.querySelectorAll("[data-refund]")) {
    button.addEventListener("click", () => {
      asked = { id: button.dataset.refund, left: Number(button.dataset.left) };
      byId("refund-code").textContent = button.dataset.code;
      byId("refund-left").textContent = said.refund_left.replace("%s", yuan(asked.left));
      amount.value = yuan(asked.left).replaceAll(",", "");
      wrong.hidden = true;
      sheet.showModal();
      amount.select();
    });
  }
  byId("refund-not").addEventListener("click", () => sheet.close());
  sheet.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const sum = fen(amount.value);
    if (!sum || sum > asked.left) { complain(said.refund_too_large); return; }
    const json = { amount_fen: sum, reason: byId("refund-reason").value.trim() };
    // The same wish again, after a lost answer, is the same refund.
    const wish = `${asked.id} ${sum}`;
    if (!keyed || keyed.wish !== wish) keyed = { wish, key: newKey() };
    byId("refund-do").disabled = true;
    tell(said.refunding);
    try {
      const { status: answered, body } = await call("/m", "POST", `/v1/payments/${asked.id}/refunds`, { key: keyed.key, json });
      if (answered < 300) { location.reload(); return; }
      complain(said[body.code] || said.unavailable);
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      complain(said.lost);
    } finally { byId("refund-do").disabled = false; }
  });
})();
