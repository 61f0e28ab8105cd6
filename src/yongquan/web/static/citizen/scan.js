// A merchant's code, by camera or pasted: the server says which page it leads to.
"use strict";
(() => {
  const { own, words, Lost, NotSignedIn } = window.Yongquan;
  const said = words();
  const by = (id) => document.getElementById(id);
  const camera = new CodeCamera(by("video"), by("viewfinder"));
  const tell = (message, bad = true) => { by("result").textContent = message; by("result").className = `result ${bad ? "is-bad" : ""}`; };
  const read = async (text) => {
    tell(said.reading, false);
    try {
      const answer = await own("/c/scan/read", { text });
      const body = await answer.json();
      if (body.go) { location.href = body.go; return; }
      tell(said[body.code] || said.unavailable);
      by("camera").textContent = said.again;
    } catch (error) {
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      tell(said.lost);
    }
  };
  const start = async () => {
    if (camera.isOn) return;
    tell("", false);
    try { await camera.start((text) => { read(text); return true; }); }
    catch (error) { tell(said.camera_off); by("text").focus(); }
  };
  by("camera").addEventListener("click", start);
  by("by-hand").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = by("text").value.trim();
    if (text) read(text); else by("text").focus();
  });
})();
