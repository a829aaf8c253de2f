/* The upload of punches: names what was chosen, and refuses what is too large before it is sent. */

const MAX_BYTES = 24 * 1024 * 1024;

for (const form of document.querySelectorAll("[data-punches-upload]")) {
  const input = form.querySelector("input[type=file]");
  const zone = input.closest("[data-dropzone]");
  const title = zone.querySelector("[data-dropzone-title]");
  const before = title.textContent;
  input.addEventListener("change", () => {
    const file = input.files[0];
    const isTooLarge = file && file.size > MAX_BYTES;
    input.setCustomValidity(isTooLarge ? "This file has more than 24 MB. Split it." : "");
    title.textContent = file ? file.name : before;
    if (isTooLarge) {
      input.reportValidity();
    }
  });
  zone.addEventListener("drop", () => zone.classList.remove("is-over"));
  form.addEventListener("submit", () => {
    form.querySelector("button[type=submit]").disabled = true;
  });
}
