/* The Live page by keyboard: j and k (or the arrows) choose a visit, Enter opens it as any link,
 * space pauses, f goes to the filter, ? shows the keys. */
import { openDialog } from "./dialogs.js";

export function startKeys({ list, filter, onPause }) {
  const links = () => [...list.querySelectorAll("[data-visit-link]")];

  function move(step) {
    const all = links();
    const index = all.indexOf(
      document.activeElement?.closest("[data-visit]")?.querySelector("[data-visit-link]"),
    );
    const next = all[index < 0 ? 0 : Math.min(all.length - 1, Math.max(0, index + step))];
    next?.focus({ preventScroll: true });
    next?.closest("[data-visit]").scrollIntoView({ block: "nearest" });
  }

  const acts = {
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    " ": onPause,
    f: () => filter.querySelector("input, select").focus(),
    "?": () => openDialog("live-keys"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    const field = event.target.closest("input, textarea, select");
    if (field) {
      if (event.key === "Escape" && filter.contains(field)) {
        field.blur();
      }
      return;
    }
    // A focused button is pressed by space, and a menu walked by arrows.
    const isBusy = event.target.closest("button, summary, details[open], [role=menu]");
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && !(isBusy && (event.key === " " || event.key.startsWith("Arrow")))) {
      event.preventDefault();
      act();
    }
  });
}
