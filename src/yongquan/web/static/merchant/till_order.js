// The other way round: the till opens an order and shows it as a code; the customer scans and pays it.
"use strict";
(() => {
  const { call, own, yuan, fen, newKey, Lost, NotSignedIn } = window.Yongquan;
  const { step, tell, show, said } = window.Till;
  const by = (id) => document.getElementById(id);
  const main = document.querySelector("main");
  let order = null;

  const open = async () => {
    const sum = fen(by("amount").value);
    const json = { amount_fen: sum, subject: main.querySelector(".store-name").textContent,
      order_no: `D${Date.now().toString(36)}${newKey().slice(0, 6)}`.toUpperCase() };
    try {
      const { status, body } = await call("/m", "POST", "/v1/orders", { json });
      if (status !== 201) { tell(said[body.code] || said.unavailable); return; }
      order = body;
      const svg = await (await own("/m/till/order-code", { order_id: order.order_id })).text();
      by("order-code").replaceChildren(new DOMParser().parseFromString(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml").documentElement);
      by("order-due").textContent = `¥${yuan(sum)}`;
      by("order-code").dataset.ready = "yes";
      step("order");
      watch(order.order_id);
    } catch (error) { give(error); }
  };
  const watch = async (id) => {
    if (!order || order.order_id !== id) return;
    try {
      const now = (await call("/m", "GET", `/v1/orders/${id}`)).body;
      if (now.state === "succeeded") {
        order = null;
        show((await call("/m", "GET", `/v1/payments/${now.payment_id}`)).body);
        return;
      }
      if (now.state === "closed") { order = null; tell(said.order_over); step("amount"); return; }
      if (now.state === "pending" || now.state === "unknown") by("order-told").textContent = said.waiting;
    } catch (error) { if (!(error instanceof Lost)) throw error; }
    setTimeout(() => watch(id), 1500);
  };
  const cancel = async () => {
    const { order_id } = order;
    try {
      const { status, body } = await call("/m", "POST", `/v1/orders/${order_id}/close`);
      if (status === 200 && body.state === "closed") { order = null; tell(""); step("amount"); }
      else tell(said[body.code] || said.unavailable);
    } catch (error) { give(error); }
  };
  const give = (error) => {
    if (error instanceof NotSignedIn) { location.reload(); return; }
    if (!(error instanceof Lost)) throw error;
    tell(said.lost_order);
  };
  by("show-order").addEventListener("click", open);
  by("order-cancel").addEventListener("click", cancel);
})();
