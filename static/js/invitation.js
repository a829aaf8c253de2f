/* The page behind an invitation: photos from the phone's camera, the webcam or files, one by one. */
import { onFiles, sendPhoto, showRefusal } from "./upload.js";
import { WebcamSource } from "./webcam-source.js";

const QUIET_MS = 10_000;

const root = document.querySelector("[data-join]");
const refusals = root.querySelector("[data-upload-errors]");
const progress = root.querySelector("[data-upload-progress]");
const panel = root.querySelector("[data-webcam-panel]");
const camera = root.querySelector("#join-camera");
const opener = root.querySelector("[data-webcam-open]");
const shooter = root.querySelector("[data-webcam-shoot]");
const source = new WebcamSource(
  panel.querySelector("[data-webcam-video]"),
  panel.querySelector("[data-webcam-message]"),
);

onFiles(root.querySelector("#join-files"), addPhotos);

camera.addEventListener("change", () => {
  const files = [...camera.files];
  camera.value = "";
  addPhotos(files);
});

opener.addEventListener("click", async () => {
  panel.hidden = false;
  shooter.disabled = true; // until there is something to take
  shooter.disabled = !(await source.open());
});

root.querySelector("[data-webcam-close]").addEventListener("click", () => {
  source.close();
  panel.hidden = true;
  opener.focus();
});

shooter.addEventListener("click", async () => {
  const shot = await source.shoot(1920, 0.92);
  await addPhotos([new File([shot], "webcam.jpg", { type: "image/jpeg" })]);
});

// The list is read again every second: not while nobody looks, nor at once after a lost network,
// which would be said every second as well.
let quietUntil = 0;

document.addEventListener("htmx:error", () => {
  quietUntil = Date.now() + QUIET_MS;
});

document.addEventListener("htmx:before:request", (event) => {
  if (event.target.id === "join-photos" && (document.hidden || Date.now() < quietUntil)) {
    event.preventDefault();
  }
});

async function addPhotos(files) {
  showProgress(0, files.length);
  let sent = 0;
  for (const file of files) {
    try {
      await sendPhoto(root.dataset.addUrl, file);
    } catch (error) {
      showRefusal(refusals, file.name, error.message);
    }
    sent += 1;
    showProgress(sent, files.length);
    document.dispatchEvent(new CustomEvent("photos:sent"));
  }
  progress.hidden = true;
}

function showProgress(done, total) {
  const bar = progress.querySelector("progress");
  bar.max = total;
  bar.value = done;
  progress.hidden = total === 0;
}
