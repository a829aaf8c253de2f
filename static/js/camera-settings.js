/* A camera's settings: what the offset makes of the threshold, in words, and more rows of hours. */
const offset = document.querySelector("[data-threshold-offset]");
const holder = document.querySelector("[data-threshold]");
const words = document.querySelector("[data-threshold-words]");

offset.addEventListener("input", tellThreshold);
tellThreshold();

function tellThreshold() {
  const shift = Number(offset.value);
  const usual = Number(holder.dataset.threshold);
  const signed = `${shift < 0 ? "−" : "+"}${Math.abs(shift).toFixed(2)}`;
  const kind = shift < 0 ? "more lenient" : "stricter";
  words.textContent = shift
    ? `${signed}, ${kind}: a face needs ${(usual + shift).toFixed(3)} to be given a name, instead of ${usual.toFixed(3)}.`
    : `As everywhere: a face needs ${usual.toFixed(3)} to be given a name.`;
  offset.setAttribute("aria-valuetext", words.textContent);
}

const rows = [...document.querySelectorAll("[data-hours-row]")];
const more = document.querySelector("[data-hours-more]");

more.addEventListener("click", () => {
  const next = rows.find((row) => row.hidden);
  next.hidden = false;
  next.querySelector("input").focus();
  tellRows();
});

for (const row of rows) {
  row.querySelector("[data-hours-clear]").addEventListener("click", () => {
    for (const input of row.querySelectorAll("input")) {
      if (input.type === "checkbox") {
        input.checked = false;
      } else {
        input.value = "";
      }
    }
    row.querySelector("input").focus();
  });
}

tellRows();

function tellRows() {
  more.disabled = rows.every((row) => !row.hidden);
}
