/* The first step of an enrolment: photos from files, the clipboard or a phone's camera, one by one. */
import { onFiles, sendPhoto, showRefusal } from "./upload.js";

const root = document.querySelector("[data-enrolment]");
const refusals = root.querySelector("[data-upload-errors]");
const progress = root.querySelector("[data-upload-progress]");
const camera = root.querySelector("input[capture]");

onFiles(root.querySelector("#enrol-photos"), (files) => addPhotos(files, "upload"));
camera.addEventListener("change", () => {
  const files = [...camera.files];
  camera.value = "";
  addPhotos(files, "webcam");
});

document.addEventListener("enrol:shot", (event) => addPhotos([event.detail.file], "webcam"));

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
