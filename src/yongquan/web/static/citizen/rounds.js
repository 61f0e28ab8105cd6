"use strict";
(() => {
  const main = document.querySelector("main");
  const clock = new ServerClock(Number(main.dataset.nowMs), Number(main.dataset.rate));
  const counters = [...document.querySelectorAll(".countdown")];
  if (!counters.length) return;
  const tick = () => {
    for (const counter of counters) {
      const left = Number(counter.dataset.atMs) - clock.now();
      if (left <= 0) { location.reload(); clearInterval(timer); return; }
      counter.textContent = countdownText(left, main.dataset.days);
    }
  };
  const timer = setInterval(tick, 500);
  tick();
})();
