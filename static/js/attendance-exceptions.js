/* The exceptions inbox by keyboard: j and k go from row to row wherever one stands (the table
 * itself does it once a row is focused), a assigns and w waives what is ticked. A list in which
 * something is ticked is not read again under whoever ticks. */
import { openDialog } from "./dialogs.js";

const place = document.querySelector("[data-exceptions]");
const ticked = () => place.querySelector("tbody .c-table__select input:checked");
const rows = () => [...place.querySelectorAll("tr[data-exception]")];

function isBusy(event) {
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]") ||
    event.target.closest("input:not([type=checkbox]), textarea, select")
  );
}

function move(step) {
  const all = rows();
  const index = all.indexOf(document.activeElement?.closest("tr[data-exception]"));
  const next = all[index < 0 ? 0 : Math.min(all.length - 1, Math.max(0, index + step))];
  next?.querySelector(".c-row-link").focus();
}

document.addEventListener(
  "keydown",
  (event) => {
    if (isBusy(event)) {
      return;
    }
    if (event.key === "j" || event.key === "k") {
      // Each row is a group of its own here, which the table's own keys would not leave.
      event.preventDefault();
      event.stopPropagation();
      move(event.key === "j" ? 1 : -1);
      return;
    }
    const button = place.querySelector(`[data-exception-key="${CSS.escape(event.key)}"]`);
    if (button && ticked()) {
      event.preventDefault();
      openDialog(button.dataset.dialogOpen);
    }
  },
  { capture: true },
);

window.addEventListener(
  "live:attendance.changed",
  (event) => {
    if (ticked()) {
      event.stopImmediatePropagation();
    }
  },
  { capture: true },
);
