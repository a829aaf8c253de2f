/* The walk-past test: who the cameras would take this person for, live or from a photo. */
import { announcer, askAbout, pause } from "./enrol-frames.js";
import { onFiles, showRefusal } from "./upload.js";
import { WebcamSource } from "./webcam-source.js";

const BETWEEN_FRAMES_MS = 500;
const FRAME_WIDTH = 960; // the real cameras' pictures are no smaller

const root = document.querySelector("[data-walk-past]");
const result = root.querySelector("[data-walk-result]");
const refusals = root.querySelector("[data-upload-errors]");
const start = root.querySelector("[data-walk-start]");
const stop = root.querySelector("[data-walk-stop]");
const speak = announcer(root.querySelector("[data-walk-spoken]"));
const source = new WebcamSource(
  root.querySelector("[data-walk-video]"),
  root.querySelector("[data-walk-message]"),
);
const { frameUrl, resultUrl } = root.dataset;

start.addEventListener("click", async () => {
  start.disabled = true;
  if (await source.open()) {
    start.hidden = true;
    stop.hidden = false;
    stop.focus();
    watch();
  }
  start.disabled = false;
});

stop.addEventListener("click", () => {
  source.close();
  stop.hidden = true;
  start.hidden = false;
  start.focus();
});

onFiles(root.querySelector("input[type=file]"), async ([file]) => {
  const body = new FormData();
  body.append("image", file);
  try {
    await showAnswer(body);
  } catch (error) {
    showRefusal(refusals, file.name, error.message);
  }
});

async function watch() {
  while (source.isOpen) {
    const started = performance.now();
    try {
      await showAnswer(await source.shoot(FRAME_WIDTH, 0.85));
    } catch (error) {
      result.textContent = error.message;
      await pause(2000);
    }
    await pause(BETWEEN_FRAMES_MS - (performance.now() - started));
  }
}

async function showAnswer(body) {
  const answer = await askAbout(body, { frameUrl, resultUrl });
  result.innerHTML = await answer.text();
  speak(result.firstElementChild.dataset.said);
}
