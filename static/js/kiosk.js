/* A tablet at the door: paired by its link, then set up as its settings and its line say. */
import { KioskCamera } from "./kiosk-camera.js";
import { Events } from "./kiosk-events.js";
import { Line } from "./kiosk-line.js";
import { home, one, setup } from "./kiosk-screens.js";
import { importKeys } from "./kiosk-seal.js";
import { stay } from "./kiosk-stay.js";
import { Store } from "./kiosk-store.js";
import { Ways } from "./kiosk-ways.js";

const root = document.body;

let settings = JSON.parse(document.getElementById("kiosk-settings").textContent);
let store = null;
let line = null;
let camera = null;
let ways = null;

start().catch((error) => setup("This tablet cannot be used as a kiosk", error.message));

async function start() {
  if (!isSecureContext || !crypto.subtle) {
    setup(
      "This address is not protected",
      "Browsers give neither camera nor encryption to a page without HTTPS. Open the kiosk’s link " +
        "with https:// in front.",
    );
    return;
  }
  store = await Store.open();
  const key = location.hash.slice(1);
  if (key) {
    // Out of the address and the history before anything else is done with it.
    history.replaceState(null, "", location.pathname);
    if (!(await pair(key))) {
      return;
    }
    location.reload();
    return;
  }
  const keys = await store.get("keys");
  if (!root.dataset.kiosk || keys?.kiosk !== root.dataset.kiosk) {
    setup();
    return;
  }
  await begin(keys);
}

async function pair(key) {
  const body = new FormData();
  body.append("key", key);
  let answer;
  try {
    answer = await fetch(root.dataset.pairUrl, {
      method: "POST", body, headers: { "X-CSRFToken": root.dataset.csrf },
    });
  } catch {
    setup("The server could not be reached", "Open the link again.");
    return false;
  }
  const content = await answer.json().catch(() => null);
  if (!answer.ok) {
    setup("This link does not work", content?.error?.message ?? "Ask for a new one.");
    return false;
  }
  const former = await store.get("keys");
  if (former && former.kiosk !== content.kiosk) {
    await store.forget();
  }
  await store.put("keys", { kiosk: content.kiosk, ...(await importKeys(content)) });
  await store.raiseSequence(content.next_sequence);
  await navigator.storage?.persist?.();
  return true;
}

async function begin(keys) {
  line = new Line(root.dataset, store, { heard: apply, changed: showLine, lost: switchedOff });
  camera = new KioskCamera(one("video"), one("video-message"));
  const events = new Events(keys, store, line, { clockWords, changed: showLine });
  ways = new Ways(camera, events, line, () => settings.asks_direction);
  apply(settings);
  ways.listen();
  home();
  stay(root.dataset.workerUrl);
  showClock();
  setInterval(showClock, 1000);
  await line.start();
}

function switchedOff() {
  camera?.stop();
  setup(
    "This kiosk was switched off",
    "Ask whoever manages kiosks for a new link, and open it on this tablet.",
  );
}

function apply(fresh) {
  const was = JSON.stringify([settings.takes, settings.asks_direction]);
  settings = { ...settings, ...fresh };
  one("name").textContent = settings.name;
  const takesFaces = settings.takes === "faces";
  if (takesFaces) {
    camera.start();
  } else {
    camera.stop();
  }
  if (was === JSON.stringify([settings.takes, settings.asks_direction]) && root.dataset.drawn) {
    return;
  }
  root.dataset.drawn = "true";
  root.dataset.takes = settings.takes;
  one("stage").hidden = !takesFaces;
  one("home-ask").hidden = !takesFaces;
  one("other-ask").textContent = takesFaces ? "or without your face" : "How do you register?";
  for (const box of document.querySelectorAll("[data-directions]")) {
    box.replaceChildren(...directionButtons(box.dataset.directions));
    box.hidden = box.dataset.directions === "face" && !takesFaces;
  }
}

function directionButtons(way) {
  const choices = settings.asks_direction
    ? [["in", "In"], ["out", "Out"]]
    : [["unknown", "Register"]];
  return choices.map(([direction, word]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `k-button k-button--${direction}`;
    button.textContent = word;
    button.addEventListener("click", () => ways.register(way, direction));
    return button;
  });
}

async function showLine() {
  const waiting = await store.count();
  root.dataset.online = String(line.isOnline);
  const kept = waiting ? ` · ${waiting} kept` : "";
  one("link").textContent = line.isOnline
    ? waiting
      ? `Sending${kept}`
      : ""
    : `No connection${kept}`;
}

function showClock() {
  one("clock").textContent = clockWords(new Date());
}

/* By the server's clock, in the zone of the site. */
function clockWords(device) {
  return new Date(device.getTime() - line.skewMs).toLocaleTimeString("en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: settings.zone,
  });
}
