// What the phone keeps: the pack of tasks and shops, records that are not sent, and their photos. Window: `kept`.
"use strict";
const kept = (() => {
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("yongquan-survey", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("pack");
      asked.result.createObjectStore("visits", { keyPath: "survey_id" });
      asked.result.createObjectStore("photos", { keyPath: "photo_id" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  // One transaction; done only when it is on the disk.
  const within = async (stores, mode, work) => {
    const base = await opened;
    return new Promise((resolve, reject) => {
      const transaction = base.transaction(stores, mode, { durability: "strict" });
      let answer;
      transaction.oncomplete = () => resolve(answer);
      transaction.onabort = () => reject(transaction.error);
      const asked = work(transaction);
      if (asked) asked.onsuccess = () => { answer = asked.result; };
    });
  };
  return {
    pack: () => within(["pack"], "readonly", (t) => t.objectStore("pack").get("pack")),
    keepPack: (pack) => within(["pack"], "readwrite", (t) => { t.objectStore("pack").put(pack, "pack"); }),
    visits: () => within(["visits"], "readonly", (t) => t.objectStore("visits").getAll()),
    visit: (id) => within(["visits"], "readonly", (t) => t.objectStore("visits").get(id)),
    photo: (id) => within(["photos"], "readonly", (t) => t.objectStore("photos").get(id)),
    // A record and its photos, all or nothing.
    keep: (visit, photos) => within(["visits", "photos"], "readwrite", (t) => {
      t.objectStore("visits").put(visit);
      for (const photo of photos) t.objectStore("photos").put(photo);
    }),
    drop: (visit) => within(["visits", "photos"], "readwrite", (t) => {
      t.objectStore("visits").delete(visit.survey_id);
      for (const photo of visit.body.photos) t.objectStore("photos").delete(photo.photo_id);
    }),
  };
})();
