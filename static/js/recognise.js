/* The Recognise page: each photo becomes a card that fills itself when its result is pushed. */
import { toast } from "./toasts.js";
import { onFiles, sendForm, sendPhoto, showRefusal } from "./upload.js";

const zone = document.querySelector("[data-recognise]");
const results = document.getElementById("results");

onFiles(zone.querySelector("input[type=file]"), async (files) => {
  document.getElementById("recognise-empty")?.remove();
  let job = "";
  if (files.length > 1) {
    try {
      const batch = await sendForm(zone.dataset.batchUrl, { total: files.length });
      job = batch.job;
      toast(`${files.length} photos are being recognised. You can leave this page.`, {
        kind: "info",
        actionLabel: "Show the job",
        actionUrl: batch.url,
      });
    } catch (error) {
      toast(error.message, { kind: "danger" });
      return;
    }
  }
  for (const file of files) {
    try {
      const answer = await sendPhoto(zone.dataset.submitUrl, file, job ? { job } : {});
      await showResult(answer.url);
    } catch (error) {
      showRefusal(results, file.name, error.message);
      if (job) {
        await sendForm(zone.dataset.refusedUrl, { job, name: file.name, reason: error.message });
      }
    }
  }
});

async function showResult(url) {
  const place = document.createElement("div");
  results.prepend(place);
  await window.htmx.ajax("GET", url, { target: place, swap: "outerHTML" });
}
