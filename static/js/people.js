/* The list of people: ticking beyond the page, and forms that go to whoever is ticked.
 *
 * Each dialog has a form of its own; who is meant is added when it is sent, from the ticks in the
 * table, or, once "Tick all found" was pressed, as the filter that finds them. */
import { closeDialog } from "./dialogs.js";

let takesAll = false;

const table = () => document.querySelector("table[data-found]");
const boxes = () => [...(table()?.querySelectorAll("tbody input[name=ids]") ?? [])];
const ticked = () => boxes().filter((box) => box.checked);

function show() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) {
    return;
  }
  const isPageTicked = ticked().length === boxes().length;
  takesAll &&= isPageTicked;
  const more = bar.querySelector("[data-tick-found]");
  if (more) {
    more.hidden = takesAll || !isPageTicked;
  }
  if (takesAll) {
    bar.querySelector("[data-bulk-count]").textContent = `All ${table().dataset.found} ticked`;
  }
}

function words(orAll) {
  const { found } = table().dataset;
  const count = ticked().length;
  if (takesAll || (orAll && count === 0)) {
    return `All ${found} people found`;
  }
  return count === 1 ? "1 person" : `${count} people`;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-tick-found]")) {
    takesAll = true;
  }
  if (event.target.closest?.("table[data-found] input[type=checkbox], [data-tick-found]")) {
    show();
  }
});
document.addEventListener("htmx:after:swap", show);
window.addEventListener("pageshow", show);

document.addEventListener("dialog:open", (event) => {
  for (const element of event.target.querySelectorAll("[data-ticked-words]")) {
    element.textContent = words("orAll" in element.dataset);
  }
  for (const field of event.target.querySelectorAll("[data-query-field]")) {
    field.value = table()?.dataset.query ?? new URLSearchParams(location.search).toString();
  }
});

document.addEventListener("formdata", (event) => {
  const { dataset } = table() ?? {};
  const action = event.target.getAttribute("action");
  if (!dataset || ![dataset.bulkUrl, dataset.exportUrl, dataset.inviteUrl].includes(action)) {
    return;
  }
  event.formData.set("query", dataset.query);
  event.formData.set("found", dataset.found);
  if (takesAll) {
    event.formData.set("all", "1");
    return;
  }
  for (const box of ticked()) {
    event.formData.append("ids", box.value);
  }
});

// The file comes without a new page, so nothing else would close the dialog.
document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") === table()?.dataset.exportUrl) {
    setTimeout(() => closeDialog(event.target), 0);
  }
});

// A list that is read again would lose the ticks: it waits until they are gone.
window.addEventListener(
  "live:gallery.changed",
  (event) => {
    if (ticked().length > 0) {
      event.stopImmediatePropagation();
    }
  },
  { capture: true },
);
