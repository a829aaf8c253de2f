/* Sending photos one by one, so that a bad file never costs the good ones beside it. */

// The server's limit for one picture (recognition/intake.py); checked here to spare the upload.
const MAX_BYTES = 25 * 1024 * 1024;

export function csrfToken() {
  const headers = document.body.getAttribute("hx-headers:inherited");
  return JSON.parse(headers)["X-CSRFToken"];
}

/* Resolves to the answer's JSON (or null); rejects with an Error whose message is for people. */
export async function sendForm(url, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    body.append(name, value);
  }
  return send(url, body);
}

export async function sendPhoto(url, file, fields = {}) {
  if (file.size > MAX_BYTES) {
    const size = (file.size / 1024 / 1024).toFixed(0);
    throw new Error(`The file has ${size} MB; the limit is 25 MB. Send a smaller copy.`);
  }
  return sendForm(url, { image: file, ...fields });
}

export async function send(url, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json", ...headers },
    });
  } catch {
    throw new Error("The server could not be reached. Check the connection and try again.");
  }
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const content = isJson ? await answer.json() : null;
  if (!answer.ok) {
    throw new Error(
      content?.error?.message ?? `The server could not do this (error ${answer.status}).`,
    );
  }
  return content;
}

/* Calls handle(files) for files that are chosen, dropped or pasted. */
export function onFiles(input, handle) {
  const take = () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) {
      handle(files);
    }
  };
  input.addEventListener("change", take);
  // What was chosen before this script was there, once the caller's is ready for it.
  queueMicrotask(take);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      handle(files);
    }
  });
}

/* A remark under the dropzone about one file that could not be used. */
export function showRefusal(container, fileName, reason) {
  const note = document.createElement("div");
  note.className = "c-callout c-callout--danger c-refusal";
  const name = document.createElement("strong");
  name.textContent = fileName || "The picture";
  const text = document.createElement("span");
  text.textContent = ` ${reason}`;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "c-button c-button--ghost c-button--small";
  close.textContent = "Dismiss";
  close.addEventListener("click", () => note.remove());
  note.append(name, text, close);
  container.append(note);
}
