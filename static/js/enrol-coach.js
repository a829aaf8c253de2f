/* The webcam coach: small frames go to the server, advice comes back, and the picture is taken by
 * itself once it was good for two frames. The photos themselves go the way of all photos. */
import { announcer, askAbout, pause } from "./enrol-frames.js";
import { WebcamSource } from "./webcam-source.js";

const ANGLES = ["front", "left", "right", "up", "down"];
const BETWEEN_FRAMES_MS = 330;
const FRAME_WIDTH = 640;
const PHOTO_WIDTH = 1920;
const HELD_FRAMES = 2;
const MOST_TRIES = 2; // at an angle, where the photo turned out to be another
const TAKEN_MS = 900;

const root = document.querySelector("[data-coach]");
const stage = root.querySelector("[data-coach-stage]");
const adviceBox = root.querySelector("[data-coach-advice]");
const opener = document.querySelector("[data-coach-open]");
const shooter = root.querySelector("[data-coach-shoot]");
const source = new WebcamSource(
  root.querySelector("[data-coach-video]"),
  root.querySelector("[data-coach-message]"),
);
const speak = announcer(root.querySelector("[data-coach-spoken]"));

const tries = new Map();
const skipped = new Set();
let taken = new Set();

opener.addEventListener("click", async () => {
  root.hidden = false;
  opener.disabled = true;
  shooter.disabled = true; // until there is something to take
  readDraft();
  if (await source.open()) {
    shooter.disabled = false;
    shooter.focus();
    coach();
  } else {
    opener.disabled = false;
  }
});

root.querySelector("[data-coach-close]").addEventListener("click", () => {
  source.close();
  show("off", "");
  root.hidden = true;
  opener.disabled = false;
  opener.focus();
});

shooter.addEventListener("click", () => {
  take(wanted() ?? "front");
});

root.querySelector("[data-coach-skip]").addEventListener("click", () => {
  const angle = wanted();
  if (angle) {
    skipped.add(angle);
    drawAngles();
  }
});

document.addEventListener("htmx:after:swap", readDraft);

async function coach() {
  let held = 0;
  let complaint = "";
  while (source.isOpen) {
    const started = performance.now();
    const angle = wanted();
    if (!angle) {
      finished();
      return;
    }
    try {
      const frame = await source.shoot(FRAME_WIDTH, 0.8);
      const { frameUrl, resultUrl } = root.dataset;
      const answer = await askAbout(frame, { frameUrl, resultUrl, query: `?angle=${angle}` });
      const advice = await answer.json();
      complaint = "";
      if (!source.isOpen || angle !== wanted()) {
        held = 0;
        continue;
      }
      held = advice.good ? held + 1 : 0;
      show(advice.good ? "good" : "on", advice.text);
      if (held >= HELD_FRAMES) {
        held = 0;
        await take(angle);
        await pause(TAKEN_MS);
      }
    } catch (error) {
      if (complaint !== error.message) {
        show("on", error.message);
      }
      complaint = error.message;
      await pause(1500);
    }
    await pause(BETWEEN_FRAMES_MS - (performance.now() - started));
  }
}

async function take(angle) {
  const shot = await source.shoot(PHOTO_WIDTH, 0.92);
  const time = new Date().toLocaleTimeString();
  const file = new File([shot], `Webcam, ${angle}, ${time}.jpg`, { type: "image/jpeg" });
  tries.set(angle, (tries.get(angle) ?? 0) + 1);
  taken.add(angle);
  show("taken", "Taken.");
  document.dispatchEvent(new CustomEvent("enrol:shot", { detail: { file } }));
  drawAngles();
}

/* What the server found counts: a photo that shows another angle, or is not good enough, leaves its
 * angle to be tried again. */
function readDraft() {
  const draft = document.querySelector("[data-draft]");
  if (!draft || Number(draft.dataset.pending) > 0) {
    return;
  }
  const found = new Set(draft.dataset.angles.split(" ").filter(Boolean));
  for (const [angle, count] of tries) {
    if (count >= MOST_TRIES) {
      found.add(angle);
    }
  }
  taken = found;
  drawAngles();
}

function wanted() {
  return ANGLES.find((angle) => !taken.has(angle) && !skipped.has(angle)) ?? null;
}

function drawAngles() {
  const now = wanted();
  for (const item of root.querySelectorAll("[data-angle]")) {
    const { angle } = item.dataset;
    const state = taken.has(angle)
      ? "done"
      : skipped.has(angle)
        ? "skipped"
        : angle === now
          ? "now"
          : "todo";
    item.dataset.state = state;
    const words = { done: ": taken", skipped: ": skipped", now: ": now", todo: "" };
    item.querySelector("[data-angle-words]").textContent = words[state];
  }
}

function show(state, text) {
  stage.dataset.state = state;
  adviceBox.textContent = text;
  adviceBox.hidden = text === "";
  speak(text, { atOnce: state === "taken" });
}

function finished() {
  source.close("All angles are done. The camera is off.");
  show("off", "");
  speak("All angles are done. The camera is off.", { atOnce: true });
  opener.disabled = false;
  document.querySelector("[data-enrol-continue]").focus();
}
