// Keys of the reviewers' desk: each is a visible button's; they can be switched off, and rest while one types.
(() => {
  const KEPT = "yq-review-keys";
  const toggle = document.querySelector("[data-keys-toggle]");
  const dialog = document.querySelector("#reject");
  const isOn = () => localStorage.getItem(KEPT) !== "off";
  const show = () => {
    if (toggle) toggle.setAttribute("aria-pressed", String(isOn()));
    document.body.dataset.keys = isOn() ? "on" : "off";
  };
  const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, dialog[open]");
  toggle?.addEventListener("click", () => { localStorage.setItem(KEPT, isOn() ? "off" : "on"); show(); });
  document.querySelector("[data-open-reject]")?.addEventListener("click", () => dialog.showModal());
  document.querySelector("[data-close-reject]")?.addEventListener("click", () => dialog.close());
  document.querySelector("[data-choose-all]")?.addEventListener("change", (event) => {
    for (const box of document.querySelectorAll("input[name=application]")) box.checked = event.target.checked;
  });
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const button = document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });
  if (dialog?.dataset.open === "yes") dialog.showModal();
  show();
})();
