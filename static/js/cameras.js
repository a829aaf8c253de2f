/* Counts the seconds since a camera's last picture: `<time data-seconds-ago>`, in the words of
 * portal/cameras/wording.py. */
import { relativeWords } from "./times.js";

const TICK_MS = 1000;

export function secondsWords(moment, now) {
  const seconds = Math.max(0, Math.floor((now - moment) / 1000));
  return seconds < 60 ? `${seconds} s ago` : relativeWords(moment, now);
}

setInterval(() => {
  if (document.hidden) {
    return;
  }
  const now = new Date();
  for (const element of document.querySelectorAll("time[data-seconds-ago]")) {
    const words = secondsWords(new Date(element.dateTime), now);
    if (words && element.textContent !== words) {
      element.textContent = words;
    }
  }
}, TICK_MS);
