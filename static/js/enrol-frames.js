/* One frame of a webcam to the server and its answer back, by the live event or, without it, by
 * asking again. Nothing is kept on the other side once it was answered. */
import { csrfToken, send } from "./upload.js";

const NO_ID = "00000000-0000-0000-0000-000000000000";
const HEARD_AT_MOST_MS = 400;
const ASK_AGAIN_MS = 200;
const PATIENCE_MS = 6000;

const read = new Set(); // frames that the worker answered, and nobody asked about yet
const waiting = new Map(); // frame → how to wake whoever waits for it

document.addEventListener("live:enrolment.frame", (event) => {
  for (const { id } of event.detail.events) {
    const wake = waiting.get(id);
    if (wake) {
      wake();
    } else {
      read.add(id);
      setTimeout(() => read.delete(id), PATIENCE_MS);
    }
  }
});

/* Resolves to the answer's Response; rejects with an Error whose message is for people. */
export async function askAbout(body, { frameUrl, resultUrl, query = "" }) {
  const headers = body instanceof FormData ? {} : { "Content-Type": "image/jpeg" };
  const { id } = await send(frameUrl, body, headers);
  const until = performance.now() + PATIENCE_MS;
  await heard(id, HEARD_AT_MOST_MS);
  while (performance.now() < until) {
    const answer = await fetch(resultUrl.replace(NO_ID, id) + query, {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken() },
    });
    if (answer.status !== 204) {
      if (!answer.ok) {
        throw new Error(`The server could not do this (error ${answer.status}).`);
      }
      return answer;
    }
    await heard(id, ASK_AGAIN_MS);
  }
  throw new Error("The recognition worker does not answer. The Health page says why.");
}

function heard(id, atMostMs) {
  if (read.delete(id)) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      waiting.delete(id);
      resolve();
    };
    const timer = setTimeout(done, atMostMs);
    waiting.set(id, done);
  });
}

export function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}

/* Says a text to a screen reader: not twice, and not more often than it can be listened to. */
export function announcer(element, everyMs = 2500) {
  let last = "";
  let saidAt = -Infinity;
  return (text, { atOnce = false } = {}) => {
    const now = performance.now();
    if (text !== last && (atOnce || now - saidAt >= everyMs)) {
      element.textContent = text;
      last = text;
      saidAt = now;
    }
  };
}
