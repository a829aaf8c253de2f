/* Alarms are told of on every page: a message with a link, for whoever may see alerts. */
import { toast } from "./toasts.js";

const TOGETHER_MS = 400;
let waiting = new Set();
let timer = null;

export function startAlarms() {
  const url = document.body.dataset.alarmsUrl;
  if (!url) {
    return;
  }
  document.addEventListener("live:alerts.changed", (event) => {
    for (const id of event.detail.events.flatMap((one) => one.alarms)) {
      waiting.add(id);
    }
    if (waiting.size && timer === null) {
      timer = setTimeout(() => tell(url), TOGETHER_MS);
    }
  });
}

async function tell(url) {
  const ids = [...waiting];
  waiting = new Set();
  timer = null;
  const query = new URLSearchParams(ids.map((id) => ["ids", id]));
  const response = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } }).catch(
    () => null,
  );
  if (!response?.ok) {
    return; // the list has them, whatever happened to this message
  }
  for (const alarm of (await response.json()).alarms) {
    toast(alarm.message, { kind: "danger", actionLabel: "Open", actionUrl: alarm.url });
  }
}
