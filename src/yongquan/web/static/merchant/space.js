// Keeps each field as soon as it is typed, so that nothing is lost when the phone is put away.
"use strict";
(() => {
  const form = document.querySelector("form[data-keep]");
  if (!form) return;
  const said = JSON.parse(form.dataset.words);
  const note = document.getElementById("kept");
  // A place may be of another system until the step is sent; files go with the step too.
  const left = new Set(["lon", "lat", "system"]);
  const tell = (text, bad) => { note.textContent = text; note.classList.toggle("is-bad", bad); };
  form.addEventListener("change", async (event) => {
    const field = event.target;
    if (!field.name || field.type === "file" || left.has(field.name)) return;
    try {
      const answer = await fetch(form.dataset.keep, { method: "POST", body: new URLSearchParams({ [field.name]: field.value }) });
      tell(answer.ok ? said.saved : said.not_saved, !answer.ok);
    } catch (error) {
      tell(said.not_saved, true);
    }
  });
  const wrong = form.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
})();
