/* The review: one key a decision, what was done last taken back with Z, and bars that appear while
 * something is ticked. Everything here presses buttons that are on the page anyway. */

const TICKS = "input[data-tick]";

const ticked = () => [...document.querySelectorAll(TICKS)].filter((box) => box.checked);

function isTyping(element) {
  return element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

function isOwnPress(event) {
  // Enter on a link or a button is theirs; everywhere else it says yes.
  return event.key === "Enter" && event.target.closest?.("a, button, summary, input");
}

document.addEventListener("keydown", (event) => {
  const isChord = event.ctrlKey || event.metaKey || event.altKey;
  if (isChord || event.repeat || isTyping(event.target) || isOwnPress(event)) {
    return;
  }
  if (document.querySelector("dialog[open]")) {
    return;
  }
  const key = event.key === "Enter" ? "y" : event.key.toLowerCase();
  if (key === "z") {
    const undo = [...document.querySelectorAll("#toasts .c-toast__action")].at(-1);
    if (undo) {
      event.preventDefault();
      undo.click();
    }
    return;
  }
  const button = /^[a-z]$/.test(key) && document.querySelector(`#desk [data-key="${key}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});

// The same visit must not be decided twice by two quick presses: it is dim until the next is there.
document.addEventListener("htmx:before:request", (event) => {
  const target = event.detail.ctx?.target;
  if (target?.id === "desk" && event.detail.ctx.request?.method === "POST") {
    target.toggleAttribute("inert", true);
  }
});
document.addEventListener("htmx:finally:request", () => {
  document.getElementById("desk")?.toggleAttribute("inert", false);
});

function showBar() {
  const bar = document.querySelector("[data-tick-bar]");
  if (!bar) {
    return;
  }
  const count = ticked().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-tick-count]").textContent = `${count} ticked`;
  for (const button of bar.querySelectorAll("[data-needs-two]")) {
    button.hidden = count < 2;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.(TICKS)) {
    showBar();
  }
});
document.addEventListener("htmx:after:swap", showBar);
window.addEventListener("pageshow", showBar);

// A list that is read again would lose the ticks: it waits until they are gone. Nor may a memo
// that somebody is writing be replaced by the one that is stored.
window.addEventListener(
  "live:review.changed",
  (event) => {
    const isWriting = document.activeElement?.matches("textarea");
    if (document.querySelector("[data-waits-for-ticks]") && (ticked().length > 0 || isWriting)) {
      event.stopImmediatePropagation();
    }
  },
  { capture: true },
);

// The photo that was chosen is named where it was asked for.
document.addEventListener("change", (event) => {
  const zone = event.target.matches?.("input[type=file]") && event.target.closest("[data-dropzone]");
  const title = zone && zone.querySelector("[data-dropzone-title]");
  if (title && event.target.files.length > 0) {
    title.textContent = event.target.files[0].name;
  }
});
