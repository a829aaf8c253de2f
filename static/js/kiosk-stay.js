/* What keeps the page on the tablet: awake, kept for when the server is away, and on the whole screen. */
import { one } from "./kiosk-screens.js";

export function stay(workerUrl) {
  keepAwake();
  keepPage(workerUrl);
  offerFullScreen();
}

async function keepAwake() {
  const hold = () =>
    document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", hold);
  await hold();
}

async function keepPage(workerUrl) {
  if (!navigator.serviceWorker) {
    return;
  }
  await navigator.serviceWorker.register(workerUrl);
  const { active } = await navigator.serviceWorker.ready;
  const parts = performance
    .getEntriesByType("resource")
    .map((entry) => new URL(entry.name))
    .filter((url) => url.origin === location.origin)
    .map((url) => url.pathname);
  active.postMessage({ kind: "keep", parts: [...new Set(parts)] });
}

function offerFullScreen() {
  const full = one("fullscreen");
  full.hidden = !document.fullscreenEnabled || matchMedia("(display-mode: fullscreen)").matches;
  full.addEventListener("click", () => document.documentElement.requestFullscreen());
  document.addEventListener("fullscreenchange", () => {
    full.hidden = document.fullscreenElement !== null;
  });
}
