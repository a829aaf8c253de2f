/* The form of a what-if: the slider and the number are one threshold, and the scale shows where it
 * would stand beside the one in force. */
const form = document.querySelector("[data-what-if]");

if (form) {
  const number = form.querySelector("[data-threshold]");
  const range = form.querySelector("[data-what-if-range]");
  const band = form.querySelector("[data-grey_band]");
  const days = form.querySelector("[data-what-if-days]");

  range.addEventListener("input", () => {
    number.value = Number(range.value).toFixed(3);
    draw();
  });
  number.addEventListener("input", () => {
    range.value = number.value;
    draw();
  });
  band.addEventListener("input", draw);
  form.addEventListener("change", tellDays);
  draw();
  tellDays();

  function draw() {
    const at = Math.min(1, Math.max(0, Number(number.value) || 0));
    const from = Math.max(0, at - (Number(band.value) || 0));
    const line = form.querySelector("[data-what-if-line]");
    const grey = form.querySelector("[data-what-if-band]");
    line.setAttribute("x1", percent(at));
    line.setAttribute("x2", percent(at));
    grey.setAttribute("x", percent(from));
    grey.setAttribute("width", percent(at - from));
    form.querySelector("[data-what-if-shown]").textContent = at.toFixed(3);
    range.setAttribute("aria-valuetext", at.toFixed(3));
  }

  function tellDays() {
    days.hidden = form.querySelector("input[name=span]:checked")?.value !== "own";
  }
}

function percent(share) {
  return `${(share * 100).toFixed(1)}%`;
}
