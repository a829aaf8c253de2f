/* The upload of a roster: names what was chosen, and shows how far a large file has come. */

const MAX_BYTES = { sheet: 20 * 1024 * 1024, photos: 1024 * 1024 * 1024 };

for (const form of document.querySelectorAll("[data-roster-upload]")) {
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => nameChoice(input));
    const zone = input.closest("[data-dropzone]");
    zone.addEventListener("drop", () => zone.classList.remove("is-over"));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(form);
  });
}

function nameChoice(input) {
  const file = input.files[0];
  const title = input.closest("[data-dropzone]").querySelector("[data-dropzone-title]");
  title.dataset.before ??= title.textContent;
  title.textContent = file ? `${file.name} (${inWords(file.size)})` : title.dataset.before;
}

function upload(form) {
  const error = form.querySelector("[data-roster-error]");
  error.replaceChildren();
  for (const input of form.querySelectorAll("input[type=file]")) {
    const file = input.files[0];
    if (file && file.size > MAX_BYTES[input.name]) {
      complain(error, `${file.name} has ${inWords(file.size)}; the limit is ` +
        `${inWords(MAX_BYTES[input.name])}. Split it.`);
      return;
    }
  }
  const panel = form.querySelector("[data-roster-progress]");
  const bar = panel.querySelector("progress");
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (event) => {
    bar.max = event.total;
    bar.value = event.loaded;
    if (event.loaded === event.total) {
      bar.removeAttribute("value"); // sent; being looked at
    }
  });
  const stop = (message) => {
    panel.hidden = true;
    button.disabled = false;
    complain(error, message);
  };
  request.addEventListener("error", () =>
    stop("The server could not be reached. Check the connection and try again."));
  request.addEventListener("load", () => {
    if (request.status < 300) {
      location.assign(request.responseURL);
      return;
    }
    stop(reasonIn(request) ?? `The server could not do this (error ${request.status}).`);
  });
  panel.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}

/* The refusal that the server's page, or its JSON, holds. */
function reasonIn(request) {
  if (request.getResponseHeader("Content-Type")?.startsWith("application/json")) {
    return JSON.parse(request.responseText).error?.message;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const told = page.querySelectorAll("[data-roster-upload] .c-callout--danger p:not(.c-callout__title)");
  return told.length ? [...told].map((one) => one.textContent).join(" ") : undefined;
}

function complain(container, message) {
  const note = document.createElement("div");
  note.className = "c-callout c-callout--danger";
  note.textContent = message;
  container.replaceChildren(note);
}

function inWords(bytes) {
  return bytes >= 1024 * 1024
    ? `${(bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MB`
    : `${Math.max(1, Math.round(bytes / 1024))} kB`;
}
