// How long the till still waits; when it is over, the page says so.
"use strict";
(() => {
  const shown = document.getElementById("countdown");
  if (!shown) return;
  const facts = document.querySelector("main").dataset;
  const clock = new ServerClock(Number(facts.nowMs), Number(facts.rate));
  const tick = () => {
    const left = Number(facts.endsMs) - clock.now();
    shown.textContent = countdownText(left, "%s");
    if (left <= 0) { location.reload(); return; }
    setTimeout(tick, 250);
  };
  tick();
})();
