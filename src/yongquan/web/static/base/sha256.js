// SHA-256 (FIPS 180-4) without promises: a million small hashes in a second or two, for checking a whole draw.
"use strict";
window.sha256 = (() => {
  const K = new Int32Array(64);
  const H = new Int32Array(8);
  // The constants are the first 32 bits of the fractional parts of roots of the first primes.
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 4294967296) | 0;
  for (let n = 2, found = 0; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) H[found] = fraction(Math.sqrt(n));
    K[found] = fraction(Math.cbrt(n));
    found += 1;
  }
  const W = new Int32Array(64);
  const S = new Int32Array(8);
  const block = (bytes, at) => {
    for (let t = 0; t < 16; t += 1, at += 4) W[t] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    for (let t = 16; t < 64; t += 1) {
      const x = W[t - 15], y = W[t - 2];
      W[t] = W[t - 16] + W[t - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let [a, b, c, d, e, f, g, h] = S;
    for (let t = 0; t < 64; t += 1) {
      const one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[t] + W[t] | 0;
      const two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0;
    }
    S[0] += a; S[1] += b; S[2] += c; S[3] += d; S[4] += e; S[5] += f; S[6] += g; S[7] += h;
  };
  const tail = new Uint8Array(128);
  // Hash bytes[from, to) into out at a place; out may be the input's own array.
  return (bytes, from, to, out, place) => {
    S.set(H);
    let at = from;
    for (; at + 64 <= to; at += 64) block(bytes, at);
    const rest = to - at, length = to - from, size = rest < 56 ? 64 : 128;
    tail.fill(0);
    for (let n = 0; n < rest; n += 1) tail[n] = bytes[at + n];
    tail[rest] = 0x80;
    const high = Math.floor(length / 536870912), low = length << 3;
    for (let n = 0; n < 4; n += 1) { tail[size - 8 + n] = high >>> 24 - 8 * n; tail[size - 4 + n] = low >>> 24 - 8 * n; }
    for (let n = 0; n < size; n += 64) block(tail, n);
    for (let n = 0; n < 8; n += 1) {
      out[place + 4 * n] = S[n] >>> 24; out[place + 4 * n + 1] = S[n] >>> 16; out[place + 4 * n + 2] = S[n] >>> 8; out[place + 4 * n + 3] = S[n];
    }
    return out;
  };
})();
