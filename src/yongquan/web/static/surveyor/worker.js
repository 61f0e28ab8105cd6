// Keeps the survey page on the phone, so that it opens without a network. Records are not its business.
"use strict";
const KEPT = "survey-1";
const PAGE = "/p/survey";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("survey-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

// The network first, so that the page is never old while there is one; without, what was kept.
const fresh = async (request) => {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await kept.match(request, { ignoreSearch: true });
    if (found) return found;
    throw error;
  }
};

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname === PAGE || address.pathname.startsWith("/static/")) event.respondWith(fresh(event.request));
});
self.addEventListener("message", (event) => {
  // What the page was loaded with before this worker was there.
  if (event.data && event.data.keep) {
    event.waitUntil(caches.open(KEPT).then((kept) => Promise.all(event.data.keep.map((one) => kept.add(one)))));
  }
});
