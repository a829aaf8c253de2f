/* The enrolment page: photos from files, the clipboard or the webcam, sent one by one. */
import { onFiles, sendPhoto, showRefusal } from "./upload.js";
import { WebcamSource } from "./webcam-source.js";

const root = document.querySelector("[data-enrolment]");
const refusals = root.querySelector("[data-upload-errors]");
const progress = root.querySelector("[data-upload-progress]");
const panel = root.querySelector("[data-webcam-panel]");
const source = new WebcamSource(
  panel.querySelector("[data-webcam-video]"),
  panel.querySelector("[data-webcam-message]"),
);

onFiles(root.querySelector("input[type=file]"), (files) => addPhotos(files, "upload"));

root.querySelector("[data-webcam-open]").addEventListener("click", async () => {
  panel.hidden = false;
  await source.open();
});

root.querySelector("[data-webcam-close]").addEventListener("click", () => {
  source.close();
  panel.hidden = true;
});

root.querySelector("[data-webcam-shoot]").addEventListener("click", async () => {
  if (!source.isOpen) {
    return;
  }
  const shot = await source.shoot(1920, 0.92);
  const time = new Date().toLocaleTimeString();
  await addPhotos([new File([shot], `Webcam ${time}.jpg`, { type: "image/jpeg" })], "webcam");
});

async function addPhotos(files, kind) {
  let sent = 0;
  showProgress(0, files.length);
  for (const file of files) {
    try {
      await sendPhoto(root.dataset.addUrl, file, { source: kind });
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
  progress.hidden = total < 2;
  const bar = progress.querySelector("progress");
  if (bar) {
    bar.max = total;
    bar.value = done;
  }
}
