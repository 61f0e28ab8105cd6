// A client of Yongquan's native API: openapi-fetch with types generated from clients/openapi.json, a key for every
// write, and safe retries. `client.POST("/v1/orders", {body})` answers {data, error, response}.
import createFetchClient from "openapi-fetch";
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

// Writes that are tries of their own: after an outage ask what became of them instead of sending them again.
const ONCE = [/^\/v1\/orders\/[^/]+\/payments$/, /^\/v1\/institutions\/links/];
const KEYED = new Set(["POST", "PUT", "DELETE"]);
const TOLERATED_S = 300;

export function createClient({ baseUrl, token, retries = 3, firstWaitMs = 300, fetch = globalThis.fetch }) {
  async function send(request) {
    const mayRepeat = !ONCE.some((path) => path.test(new URL(request.url).pathname));
    for (let left = mayRepeat ? retries : 0, waitMs = firstWaitMs; ; left -= 1, waitMs *= 3) {
      try {
        const answer = await fetch(request.clone());
        if (answer.status < 500 || left === 0) return answer;
      } catch (outage) {
        if (left === 0) throw outage;
      }
      await new Promise((resume) => setTimeout(resume, waitMs));
    }
  }

  const client = createFetchClient({ baseUrl, fetch: send });
  client.use({
    onRequest({ request }) {
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
      if (KEYED.has(request.method) && !request.headers.has("Idempotency-Key")) {
        request.headers.set("Idempotency-Key", randomUUID());
      }
      return request;
    },
  });
  return client;
}

// The event of a callback (Standard Webhooks 1.0): throws where it is not signed with this secret or is too old.
export function readCallback(secret, headers, body, nowS = Date.now() / 1000) {
  const id = headers["webhook-id"];
  const sentS = headers["webhook-timestamp"];
  if (!id || !(Math.abs(nowS - Number(sentS)) <= TOLERATED_S)) throw new Error("the callback is too old or unnamed");
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${sentS}.${body}`).digest();
  const isSigned = String(headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .map((one) => Buffer.from(one.slice(3), "base64"))
    .some((one) => one.length === wanted.length && timingSafeEqual(one, wanted));
  if (!isSigned) throw new Error("the callback is not signed with this secret");
  return { eventId: id, ...JSON.parse(body) };
}
