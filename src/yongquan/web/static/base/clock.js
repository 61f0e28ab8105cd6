// The server's time on the page: countdowns never trust the phone's own clock.
"use strict";
window.ServerClock = class {
  constructor(nowMs, rate) {
    this.nowMs = nowMs;
    this.rate = rate;
    this.readAt = performance.now();
  }
  now() { return this.nowMs + (performance.now() - this.readAt) * this.rate; }
};
window.countdownText = (leftMs, days) => {
  const s = Math.max(0, Math.ceil(leftMs / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const time = [Math.floor(s % 86400 / 3600), Math.floor(s % 3600 / 60), s % 60].map(two).join(":");
  return s >= 86400 ? `${days.replace("%s", Math.floor(s / 86400))} ${time}` : time;
};
