/* A browser tab as a camera: a frame at a time, the next one only after the last was accepted. */
import { send } from "./upload.js";
import { toast } from "./toasts.js";
import { WebcamSource } from "./webcam-source.js";

const PAUSE_MS = 700;
const AFTER_ERROR_MS = 3000;
const NO_ID = "00000000-0000-0000-0000-000000000000";

const root = document.querySelector("[data-webcam]");
const overlay = root.querySelector("[data-webcam-overlay]");
const start = document.querySelector("[data-webcam-start]");
const stop = document.querySelector("[data-webcam-stop]");
const source = new WebcamSource(
  root.querySelector("[data-webcam-video]"),
  root.querySelector("[data-webcam-message]"),
);
const mine = new Set();

start.addEventListener("click", async () => {
  start.disabled = true;
  if (await source.open()) {
    start.hidden = true;
    stop.hidden = false;
    sendFrames();
  }
  start.disabled = false;
});

stop.addEventListener("click", () => {
  source.close();
  overlay.replaceChildren();
  start.hidden = false;
  stop.hidden = true;
});

async function sendFrames() {
  let complained = false;
  while (source.isOpen) {
    let pause = PAUSE_MS;
    try {
      const frame = await source.shoot();
      const answer = await send(root.dataset.frameUrl, frame, { "Content-Type": "image/jpeg" });
      mine.add(answer.id);
      complained = false;
    } catch (error) {
      if (!complained) {
        toast(error.message, { kind: "danger" });
      }
      complained = true;
      pause = AFTER_ERROR_MS;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, pause);
    });
  }
}

document.addEventListener("live:sightings.finished", async (event) => {
  const ids = event.detail.events.flatMap((one) => one.ids).filter((id) => mine.has(id));
  const latest = ids.at(-1);
  if (!latest || !source.isOpen) {
    return;
  }
  ids.forEach((id) => mine.delete(id));
  const answer = await fetch(root.dataset.overlayUrl.replace(NO_ID, latest));
  if (answer.ok) {
    overlay.innerHTML = await answer.text();
  }
});
