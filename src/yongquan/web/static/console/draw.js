// The public desk page of a draw: the whole verification in the browser, and the live state until it is published.
"use strict";
(() => {
  const box = document.getElementById("check");
  if (!box) return;
  const said = JSON.parse(box.dataset.words);
  const button = document.getElementById("check-run");
  const bar = document.getElementById("check-bar");
  const out = document.getElementById("check-result");
  const show = (text, state) => { out.textContent = text; out.dataset.state = state; out.className = state === "bad" ? "alert alert-danger" : state === "good" ? "alert alert-success" : "text-secondary"; };
  const run = async (read) => {
    button.disabled = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    show(said.reading, "busy");
    const began = performance.now();
    try {
      const file = await read();
      const done = await checkDraw(file, (step, part, all) => { bar.value = all ? part / all : 1; show(said[step], "busy"); });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      show(said.holds.replace("%(registrants)s", done.registrants).replace("%(winners)s", done.winners).replace("%(seconds)s", seconds) + ` ${done.hash}`, "good");
    } catch (error) {
      show(said.differs.replace("%s", error.message), "bad");
    }
    bar.hidden = true;
    button.disabled = false;
  };
  button.addEventListener("click", () => run(async () => (await fetch(box.dataset.file)).json()));
  document.getElementById("check-file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) run(async () => JSON.parse(await file.text()));
  });
})();
