// A store opens an order, a citizen pays it, the store refunds part of it. Prints what became of each as JSON.
//   YONGQUAN_URL=http://127.0.0.1:8000 STORE_TOKEN=.. CITIZEN_TOKEN=.. INSTRUMENT_ID=.. node examples/order.js
import { createClient } from "yongquan-client";

const { YONGQUAN_URL: baseUrl = "", STORE_TOKEN, CITIZEN_TOKEN, INSTRUMENT_ID: instrument_id = "" } = process.env;
const store = createClient({ baseUrl, token: STORE_TOKEN });
const citizen = createClient({ baseUrl, token: CITIZEN_TOKEN });

const order_no = `node-${Date.now()}`;
const opened = await store.POST("/v1/orders", { body: { order_no, amount_fen: 3000, subject: "双人套餐" } });
if (!opened.data) throw new Error(`${opened.error.code}: ${opened.error.title}`);

const path = { order_id: opened.data.order_id };
const paid = await citizen.POST("/v1/orders/{order_id}/payments", { params: { path }, body: { instrument_id } });
const refunded = await store.POST("/v1/orders/{order_id}/refunds", {
  params: { path },
  body: { refund_no: `${order_no}-R1`, amount_fen: 1000 },
});
const stranger = await citizen.GET("/v1/orders/{order_id}", { params: { path } });

console.log(
  JSON.stringify({
    opened: opened.data.state,
    paid: paid.data?.state,
    refunded: refunded.data?.state,
    refunded_fen: refunded.data?.refunded_fen,
    stranger: stranger.error?.code,
  }),
);
