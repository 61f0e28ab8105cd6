// A form that takes a while says so, and is sent once.
"use strict";
for (const form of document.querySelectorAll("form[data-busy]")) form.addEventListener("submit", () => {
  form.querySelector("button").disabled = true;
  form.querySelector("progress").hidden = false;
  form.querySelector("[role=status]").textContent = form.dataset.busy;
});
