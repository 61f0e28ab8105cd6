// Refund of a whole payment: the first tap asks, the second does it. The key is the payment's own, so it is done once.
"use strict";
(() => {
  const { call, words, Lost, NotSignedIn } = window.Yongquan;
  const said = words();
  const status = document.getElementById("status");
  const tell = (message, bad) => { status.textContent = message; status.className = `result ${bad ? "is-bad" : "is-good"}`; };
  for (const button of document.querySelectorAll("[data-refund]")) {
    button.addEventListener("click", async () => {
      if (!button.dataset.sure) { button.dataset.sure = "yes"; tell(said.refund_sure.replace("%s", button.dataset.sum), true); return; }
      button.disabled = true;
      tell(said.refunding);
      try {
        const { status: answered, body } = await call("/m", "POST", `/v1/payments/${button.dataset.refund}/refunds`, { key: `refund-${button.dataset.refund}`, json: {} });
        if (answered < 300) { location.reload(); return; }
        tell(said[body.code] || said.unavailable, true);
      } catch (error) {
        if (error instanceof NotSignedIn) { location.reload(); return; }
        if (!(error instanceof Lost)) throw error;
        button.disabled = false;
        tell(said.lost, true);
      }
    });
  }
})();
