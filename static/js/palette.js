/* The command palette: Ctrl-K or "/", arrows to move, Enter to open. htmx fetches the results. */
import { openDialog } from "./dialogs.js";

export function startPalette() {
  const palette = document.querySelector("[data-palette]");
  if (!palette) {
    return;
  }
  const input = palette.querySelector("input");
  const items = () => [...palette.querySelectorAll("[data-palette-item]")];

  document.addEventListener("keydown", (event) => {
    const isCtrlK = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const isSlash = event.key === "/" && !isTyping(event.target);
    if (isCtrlK || (isSlash && !event.ctrlKey && !event.metaKey && !event.altKey)) {
      event.preventDefault();
      openDialog(palette.id);
    }
  });

  palette.addEventListener("dialog:open", () => {
    input.select();
    input.dispatchEvent(new CustomEvent("palette:open"));
  });

  palette.addEventListener("keydown", (event) => {
    const all = items();
    const index = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && all.length > 0) {
      event.preventDefault();
      all[(index + 1) % all.length].focus();
    } else if (event.key === "ArrowUp" && all.length > 0) {
      event.preventDefault();
      if (index <= 0) {
        input.focus();
      } else {
        all[index - 1].focus();
      }
    } else if (event.key === "Enter" && event.target === input && all.length > 0) {
      event.preventDefault();
      all[0].click();
    } else if (event.key === "Escape") {
      // A search field would take the first Escape to empty itself.
      event.preventDefault();
      palette.close();
    }
  });
}

function isTyping(element) {
  return element.closest("input, textarea, select, [contenteditable]") !== null;
}
