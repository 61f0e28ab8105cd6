// Computes a published draw again, step by step as docs/draw.md says. Nothing is asked of the server but the file.
"use strict";
window.checkDraw = async (file, progress) => {
  const NAME = 16, NONE = 255, PAUSE = 20000;
  const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const unbase64 = (text) => { const raw = atob(text); const out = new Uint8Array(raw.length); for (let n = 0; n < raw.length; n += 1) out[n] = raw.charCodeAt(n); return out; };
  const utf8 = (text) => new TextEncoder().encode(text);
  const joined = (...parts) => { const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0)); let at = 0; for (const p of parts) { out.set(p, at); at += p.length; } return out; };
  const sha = (...parts) => { const all = joined(...parts); return sha256(all, 0, all.length, new Uint8Array(32), 0); };
  const unlike = (field, told, computed) => { if (told !== computed) throw new Error(`${field}: ${told} ≠ ${computed}`); };
  const breathe = async (step, done, all) => { progress(step, done, all); await new Promise((go) => setTimeout(go)); };

  const rules = JSON.parse(file.announcement);
  const k = rules.wishes_max, width = NAME + 1 + k, strata = rules.strata.length;
  const secret = unhex(file.secret);
  unlike("commitment", file.commitment, hex(sha(utf8(file.announcement), secret)));
  await breathe("commitment", 1, 1);

  const records = unbase64(file.list.records);
  const count = records.length / width;
  unlike("list.count", file.list.count, count);
  for (let n = 0; n < count; n += 1) {
    const at = n * width;
    if (n > 0) {
      let d = 0;
      for (let i = 0; i < NAME && d === 0; i += 1) d = records[at + i] - records[at - width + i];
      if (d <= 0) throw new Error(`list.records: ${n} ≤ ${n - 1}`);
    }
    if (records[at + NAME] >= strata) throw new Error(`list.records: ${n}`);
    for (let turn = 0; turn < k; turn += 1) {
      const wish = records[at + NAME + 1 + turn];
      if (wish === NONE) { if (turn === 0) throw new Error(`list.records: ${n}`); continue; }
      let bad = wish >= rules.categories.length;
      for (let before = 0; before < turn; before += 1) { const other = records[at + NAME + 1 + before]; bad = bad || other === wish || other === NONE; }
      if (bad) throw new Error(`list.records: ${n}`);
    }
  }
  let level = new Uint8Array(count * 32);
  const leaf = new Uint8Array(1 + width);
  for (let n = 0; n < count; n += 1) {
    leaf.set(records.subarray(n * width, (n + 1) * width), 1);
    sha256(leaf, 0, leaf.length, level, n * 32);
    if (n % PAUSE === 0) await breathe("list", n, 2 * count);
  }
  const pair = new Uint8Array(65);
  pair[0] = 1;
  for (let size = count, done = count; size > 1;) {
    const next = new Uint8Array((size + 1 >> 1) * 32);
    for (let n = 0; n + 1 < size; n += 2) {
      pair.set(level.subarray(n * 32, (n + 2) * 32), 1);
      sha256(pair, 0, 65, next, (n >> 1) * 32);
      done += 1;
      if (done % PAUSE === 0) await breathe("list", done, 2 * count);
    }
    if (size & 1) next.set(level.subarray((size - 1) * 32), next.length - 32);
    level = next;
    size = size + 1 >> 1;
  }
  const root = count ? level : sha();
  unlike("list.hash", file.list.hash, hex(root));
  await breathe("list", 1, 1);

  const seed = sha(secret, root, utf8(file.beacon));
  unlike("seed", file.seed, hex(seed));
  await breathe("seed", 1, 1);

  // A wish is known by record * k + turn; its lot stands in two halves, so that no number loses bits.
  const high = new Uint32Array(count * k), low = new Uint32Array(count * k);
  const wishes = rules.categories.map(() => []);
  const keyed = joined(seed, new Uint8Array(NAME)), lots = new Uint8Array(32), view = new DataView(lots.buffer);
  for (let n = 0; n < count; n += 1) {
    keyed.set(records.subarray(n * width, n * width + NAME), 32);
    sha256(keyed, 0, keyed.length, lots, 0);
    for (let turn = 0; turn < k; turn += 1) {
      const wish = records[n * width + NAME + 1 + turn];
      if (wish === NONE) break;
      high[n * k + turn] = view.getUint32(8 * turn);
      low[n * k + turn] = view.getUint32(8 * turn + 4);
      wishes[wish].push(n * k + turn);
    }
    if (n % PAUSE === 0) await breathe("lots", n, count);
  }
  const won = new Uint8Array(count * k);
  for (let c = 0; c < wishes.length; c += 1) {
    const queue = Uint32Array.from(wishes[c]);
    const district = (one) => records[Math.floor(one / k) * width + NAME];
    const asking = new Array(strata).fill(0);
    for (const one of queue) asking[district(one)] += 1;
    const quota = rules.quotas ? rules.quotas[c] : shares(rules.categories[c].places, asking);
    unlike(`quotas: ${rules.categories[c].code}`, file.quotas[c].join(), quota.join());
    queue.sort((a, b) => a % k - b % k || high[a] - high[b] || low[a] - low[b] || a - b);
    const left = quota.slice();
    let spare = rules.categories[c].places;
    for (const one of queue) if (left[district(one)]-- > 0) { won[one] = 1; spare -= 1; }
    for (const one of queue) if (spare > 0 && !won[one]) { won[one] = 1; spare -= 1; }
    await breathe("winners", c + 1, wishes.length);
  }
  const total = won.reduce((sum, one) => sum + one, 0);
  const entries = new Uint8Array(total * (NAME + 1));
  for (let one = 0, at = 0; one < won.length; one += 1) {
    if (!won[one]) continue;
    const n = Math.floor(one / k);
    entries.set(records.subarray(n * width, n * width + NAME), at);
    entries[at + NAME] = records[n * width + NAME + 1 + one % k];
    at += NAME + 1;
  }
  const told = unbase64(file.winners.entries);
  for (let n = 0; n < Math.max(told.length, entries.length); n += 1) if (told[n] !== entries[n]) throw new Error(`winners: ${Math.floor(n / (NAME + 1))}`);
  unlike("winners.count", file.winners.count, total);
  unlike("winners.hash", file.winners.hash, hex(sha(entries)));
  return { registrants: count, winners: total, hash: file.winners.hash };

  // Largest remainder; BigInt, because places times registrants may pass 2^53.
  function shares(places, weights) {
    const sum = BigInt(weights.reduce((a, b) => a + b, 0));
    if (sum === 0n) return weights.map(() => 0);
    const quota = weights.map((w) => Number(BigInt(places) * BigInt(w) / sum));
    const rest = weights.map((w, n) => [BigInt(places) * BigInt(w) % sum, n]);
    rest.sort((a, b) => (a[0] < b[0] ? 1 : a[0] > b[0] ? -1 : a[1] - b[1]));
    for (const [, n] of rest.slice(0, places - quota.reduce((a, b) => a + b, 0))) quota[n] += 1;
    return quota;
  }
};
