// What scrolls sideways can be reached and scrolled with the keyboard.
const WITHIN = "a[href], button, input, select, textarea, summary, [tabindex]";

const reach = () => {
  for (const box of document.querySelectorAll(".card, .table-responsive, .desk-side ul")) {
    const scrolls = box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible";
    if (scrolls && !box.querySelector(WITHIN)) box.tabIndex = 0;
  }
};

addEventListener("load", reach);
addEventListener("resize", reach);
document.addEventListener("htmx:afterSettle", reach);
