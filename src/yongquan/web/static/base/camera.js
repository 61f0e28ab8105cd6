// Reads QR codes from the phone's camera into a page: shows the picture, looks six times a second, stops when told.
"use strict";
window.CodeCamera = class {
  constructor(video, frame) { this.video = video; this.frame = frame; this.stream = null; }
  get isOn() { return this.stream !== null; }
  // Resolves when the camera runs; `found(text)` returns true once it has what it wants.
  async start(found) {
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    this.frame.hidden = false;
    this.video.srcObject = this.stream;
    await this.video.play();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const look = () => {
      if (!this.stream) return;
      if (this.video.videoWidth) {
        [canvas.width, canvas.height] = [this.video.videoWidth, this.video.videoHeight];
        context.drawImage(this.video, 0, 0);
        const code = jsQR(context.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height);
        if (code && code.data && found(code.data)) { this.stop(); return; }
      }
      setTimeout(look, 150);
    };
    look();
  }
  stop() {
    if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.frame.hidden = true;
  }
};
