/* Starts the portal's behaviours on every page. Everything here is an enhancement: pages work
 * with forms and links alone. */
import { startAlarms } from "./alerts.js";
import { startDialogs } from "./dialogs.js";
import { connectLive } from "./live-socket.js";
import { startPalette } from "./palette.js";
import { startTables } from "./tables.js";
import { startTimes } from "./times.js";
import { startToasts, toast } from "./toasts.js";
import { startWidgets } from "./widgets.js";

startToasts();
startAlarms();
startDialogs();
startPalette();
startTables();
startTimes();
startWidgets();

const topics = document.body.dataset.liveTopics?.trim();
if (topics) {
  connectLive(`/ws/live/?topics=${encodeURIComponent(topics)}`);
}

// An answer that htmx does not swap in still has to be seen.
document.addEventListener("htmx:response:error", (event) => {
  const { status, headers } = event.detail.ctx.response;
  if (status === 422 || headers?.get("HX-Trigger")?.includes("toast")) {
    return;
  }
  const reasons = {
    401: "You are signed out. Sign in again to go on.",
    403: "You do not have the right to do this, or the page is too old. Reload it and try again.",
    404: "This is gone: somebody may have deleted it.",
    409: "Somebody else changed this in the meantime. Reload the page.",
    429: "Too many requests. Wait a moment and try again.",
  };
  toast(reasons[status] ?? `The server could not do this (error ${status}). Nothing was changed.`, {
    kind: "danger",
  });
});

document.addEventListener("htmx:error", (event) => {
  if (!(event.detail.error instanceof TypeError)) {
    return; // fetch reports a lost network as TypeError; a replaced request is an AbortError
  }
  toast("The server could not be reached. Check the connection and try again.", { kind: "danger" });
});
