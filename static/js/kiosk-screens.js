/* The tablet's screens: one is seen at a time, and whoever walks away leaves nothing behind on it. */

const GREETING_MS = 4_500;
const ADVICE_MS = 15_000;
/* Whoever walks away leaves no half-typed PIN behind. */
const IDLE_MS = 30_000;

const root = document.body;
const screens = [...document.querySelectorAll("[data-screen]")];

let leaving = 0;
let onLeave = null;

export const one = (name) => document.querySelector(`[data-${name}]`);

export function isShown(name) {
  return root.dataset.state === name;
}

export function show(name) {
  clearTimeout(leaving);
  leave(null);
  for (const screen of screens) {
    screen.hidden = screen.dataset.screen !== name;
  }
  root.dataset.state = name;
}

/* Once the screen that is shown now is left, or `leave` is called again, `end` is. */
export function leave(end) {
  onLeave?.();
  onLeave = end;
}

/* Back home after a while in which nothing was touched. */
export function idle() {
  leaveAfter(IDLE_MS);
}

export function home() {
  look(false);
  one("pin-form").reset();
  one("qr-form").reset();
  problem("pin", "");
  problem("qr", "");
  show("home");
}

/* The same screen, since whoever looks wants to see themselves. */
export function look(isLooking) {
  one("looking").hidden = !isLooking;
  one("choosing").hidden = isLooking;
}

export function setup(title, text) {
  if (title) {
    one("setup-title").textContent = title;
    one("setup-text").textContent = text;
  }
  show("setup");
}

export function problem(kind, words) {
  one(`${kind}-problem`).textContent = words;
}

/* What became of an event. */
export function say(answer) {
  const title = one("result-title");
  const text = one("result-text");
  const isDone = answer.outcome === "punched";
  const isKept = answer.outcome === "kept";
  const way = { in: "in", out: "out" }[answer.direction];
  if (isDone) {
    title.textContent = answer.words || "Registered";
    text.textContent = [way, answer.time].filter(Boolean).join(" ");
  } else if (isKept) {
    title.textContent = `Noted at ${answer.time}`;
    text.textContent = "There is no connection. It is registered when that is back.";
  } else {
    title.textContent = answer.words || "This did not work. Please enter your PIN.";
    text.textContent = "";
  }
  one("result-others").hidden = isDone || isKept;
  show("result");
  root.dataset.outcome = isDone ? "done" : isKept ? "kept" : "open";
  leaveAfter(isDone || isKept ? GREETING_MS : ADVICE_MS);
}

function leaveAfter(ms) {
  clearTimeout(leaving);
  leaving = setTimeout(home, ms);
}
