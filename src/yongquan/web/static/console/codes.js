// While codes are made the page says how many are ready; without this script the form downloads them all the same.
"use strict";
const form = document.getElementById("make-codes");
if (form) form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button"), bar = form.querySelector("progress"), said = form.querySelector("[role=status]");
  const text = (words, done, size) => words.replace("{done}", done.toLocaleString()).replace("{size}", size.toLocaleString());
  const size = Number(form.elements.count.value), sent = new FormData(form);
  button.disabled = true; bar.hidden = false; bar.value = 0; said.textContent = text(form.dataset.making, 0, size);
  const poll = setInterval(async () => {
    const answer = await fetch(`/console/ways/codes/making/${form.elements.making.value}`).catch(() => null);
    if (!answer || !answer.ok || bar.hidden) return;
    const { done } = await answer.json();
    bar.value = done / size; said.textContent = text(form.dataset.making, done, size);
  }, 250);
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(sent) });
    if (!answer.ok) {
      said.textContent = form.dataset.failed;
      document.open(); document.write(await answer.text()); document.close();
      return;
    }
    const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))[1];
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
    said.textContent = text(form.dataset.made, size, size);
  } finally {
    clearInterval(poll); bar.hidden = true; button.disabled = false;
    form.elements.making.value = crypto.randomUUID ? crypto.randomUUID() : form.elements.making.value;
  }
});
