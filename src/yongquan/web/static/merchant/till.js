// The till: amount, then the citizen's code by camera, scanner or hand, then who pays what.
"use strict";
(() => {
  const { call, words, yuan, fen, line, newKey, Lost, NotSignedIn } = window.Yongquan;
  const main = document.querySelector("main");
  const said = words();
  const declined = JSON.parse(main.dataset.declined);
  const funders = JSON.parse(main.dataset.funders);
  const kept = `till:${main.dataset.store}`;
  const by = (id) => document.getElementById(id);
  const [amount, code, status] = [by("amount"), by("code"), by("status")];
  const steps = ["amount", "code", "order", "result"];
  let stream = null;

  const tell = (message, bad = true) => { status.textContent = message; status.className = `result ${bad ? "is-bad" : ""}`; };
  const step = (name) => {
    for (const each of steps) by(`step-${each}`).hidden = each !== name;
    if (name !== "code") stopCamera();
    ({ amount, code, order: by("order-cancel"), result: by("outcome") })[name].focus();
  };
  const isCode = (text) => {
    if (text.startsWith("hQVDUFYwM")) return true; // a consumer-presented code: the server reads it
    if (!/^62\d{16}$/.test(text)) return false;
    const sum = [...text].reverse().reduce((total, digit, i) => total + (i % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][digit] : Number(digit)), 0);
    return sum % 10 === 0;
  };
  // A phone that is tapped answers our request; an answer to another request is not taken.
  let unpredictable = "";
  const askTap = (sum) => {
    const store = [...main.dataset.store.replace(/-/g, "").slice(-15)].map((sign) => sign.charCodeAt(0).toString(16)).join("");
    unpredictable = [...crypto.getRandomValues(new Uint8Array(4))].map((one) => one.toString(16).padStart(2, "0")).join("");
    by("tap-request").textContent = `9F0206${String(sum).padStart(12, "0")}5F2A0201569F3704${unpredictable}9F160F${store}`.toUpperCase();
  };
  const isTap = (text) => /^5A0A[0-9A-F]{20}9F0206[0-9A-F]+$/i.test(text);
  const isOurs = (text) => text.toUpperCase().includes(`9F3704${unpredictable.toUpperCase()}9F36`);
  const onward = () => {
    // A scanner that types while the amount has the focus: the last 18 digits are the code.
    let scanned = null;
    const typed = amount.value.trim();
    if (typed.length > 18 && isCode(typed.slice(-18))) { scanned = typed.slice(-18); amount.value = typed.slice(0, -18); }
    const sum = fen(amount.value);
    if (!sum) { tell(said.amount); amount.focus(); return; }
    tell("");
    by("due").textContent = `¥${yuan(sum)}`;
    askTap(sum);
    step("code");
    if (scanned) { code.value = scanned; charge(); }
  };
  const press = (key) => {
    if (key === "back") amount.value = amount.value.slice(0, -1);
    else if (fen(amount.value + key) !== null) amount.value += key;
    else if (key === "." && amount.value === "") amount.value = "0.";
    tell("");
  };
  const charge = async () => {
    const typed = code.value.trim();
    const pay_code = isCode(typed) ? typed : typed.replace(/\D/g, "");
    const unanswered = localStorage.getItem(kept);
    if (!unanswered && !(isTap(typed) ? isOurs(typed) : isCode(pay_code))) { tell(said.code); code.focus(); return; }
    stopCamera();
    const request = unanswered ? JSON.parse(unanswered) : { key: newKey(), json: {
      ...(isTap(typed) ? { tap: typed } : { pay_code }), amount_fen: fen(amount.value), order_no: `T${Date.now().toString(36)}${newKey().slice(0, 6)}`.toUpperCase(),
    } };
    localStorage.setItem(kept, JSON.stringify(request));
    busy(true);
    tell(said.charging, false);
    try {
      const { status: answered, body } = await call("/m", "POST", "/v1/payments", request);
      localStorage.removeItem(kept);
      busy(false);
      if (answered === 201 || answered === 202) { await follow(body); return; }
      code.value = "";
      code.focus();
      tell(said[body.reason] || said[body.code] || said.unavailable);
    } catch (error) {
      busy(false);
      if (error instanceof NotSignedIn) { location.reload(); return; }
      if (!(error instanceof Lost)) throw error;
      tell(said.lost);
    }
  };
  const busy = (on) => { by("charge").disabled = on; by("charge").setAttribute("aria-busy", String(on)); };
  const follow = async (payment) => {
    show(payment);
    let now = payment;
    while (["unknown", "charging", "user_paying"].includes(now.state)) {
      await new Promise((go) => setTimeout(go, now.state === "user_paying" ? 1500 : 2000));
      try { const answer = await call("/m", "GET", `/v1/payments/${payment.payment_id}`); if (answer.status < 300) now = answer.body; } catch (error) { if (!(error instanceof Lost)) throw error; }
      if (now.state !== payment.state) { payment = now; show(now); }
    }
  };
  const show = (payment) => {
    const asked = payment.state === "user_paying";
    const waiting = asked || payment.state === "unknown" || payment.state === "charging";
    const over = payment.state === "failed" || payment.state === "closed";
    const outcome = by("outcome");
    tell("");
    outcome.textContent = asked ? said.user_paying : waiting ? said.waiting : said[payment.state];
    outcome.className = `is-${waiting ? "waiting" : over ? "failed" : payment.state}`;
    by("stop-waiting").hidden = !asked;
    by("another").hidden = asked;
    by("stop-waiting").onclick = () => call("/m", "POST", `/v1/payments/${payment.payment_id}/close`).catch((error) => { if (!(error instanceof Lost)) throw error; tell(said.lost); });
    by("outcome-sum").textContent = over ? declined[payment.response_code] || declined[""] : `¥${yuan(payment.amount_fen)}`;
    const lines = by("outcome-lines");
    lines.replaceChildren();
    if (!over && !asked) {
      line(lines, said.citizen, `¥${yuan(payment.citizen_paid_fen)}`);
      for (const [funder, sum] of Object.entries(payment.funders)) line(lines, funders[funder] || funder, `¥${yuan(sum)}`);
      line(lines, said.receives, `¥${yuan(payment.store_receives_fen)}`, said.arrives.replace("%s", payment.settlement_date));
    }
    step("result");
  };
  const stopCamera = () => {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    by("viewfinder").hidden = true;
    by("camera").textContent = said.camera_start;
  };
  const startCamera = async () => {
    const video = by("video");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    } catch (error) { tell(said.camera_off); code.focus(); return; }
    by("viewfinder").hidden = false;
    by("camera").textContent = said.camera_stop;
    video.srcObject = stream;
    await video.play();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const look = () => {
      if (!stream) return;
      if (video.videoWidth) {
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        context.drawImage(video, 0, 0);
        const found = jsQR(context.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height);
        if (found && isCode(found.data)) { code.value = found.data; charge(); return; }
      }
      setTimeout(look, 150);
    };
    look();
  };

  document.querySelector(".keypad").addEventListener("click", (event) => { if (event.target.dataset.key) press(event.target.dataset.key); });
  by("onward").addEventListener("click", onward);
  by("change").addEventListener("click", () => { tell(""); step("amount"); });
  by("camera").addEventListener("click", () => (stream ? stopCamera() : startCamera()));
  by("another").addEventListener("click", () => { amount.value = code.value = ""; tell(""); step("amount"); });
  by("till").addEventListener("submit", (event) => { event.preventDefault(); if (by("step-code").hidden) onward(); else charge(); });
  amount.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); onward(); } });
  window.Till = { step, tell, show, said };
  const before = localStorage.getItem(kept);
  if (before) {
    amount.value = yuan(JSON.parse(before).json.amount_fen).replace(/,/g, "");
    code.value = JSON.parse(before).json.pay_code || JSON.parse(before).json.tap;
    onward();
    tell(said.lost);
  }
})();
