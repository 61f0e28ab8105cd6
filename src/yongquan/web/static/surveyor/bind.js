// The sticker's code by camera goes into the field; pasting does the same.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const by = (id) => document.getElementById(id);
  const button = by("camera");
  if (!button) return;
  const said = JSON.parse(document.querySelector("main").dataset.words);
  const camera = new CodeCamera(by("video"), by("viewfinder"));
  button.addEventListener("click", async () => {
    if (camera.isOn) return;
    try {
      await camera.start((text) => {
        by("code-text").value = text;
        by("result").textContent = said.read;
        by("terminal").focus();
        return true;
      });
    } catch (error) {
      by("result").textContent = said.camera_off;
      by("code-text").focus();
    }
  });
});
