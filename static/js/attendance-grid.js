/* The month grid by keyboard and mouse: arrows move between days, Enter or a click opens one beside
 * the grid, Page Up and Page Down change the month. Cells hold no links: sixty thousand of them
 * would weigh more than everything else on the page. */
import { openDialog } from "./dialogs.js";

const DRAWER = "day-drawer";
const table = () => document.querySelector("table.c-month");
const days = () => Number(table().dataset.days);
let opened = null;

// The cells of a row that can be reached: the name's link first, then the days.
const stopsOf = (row) => [row.cells[0].querySelector("a"), ...[...row.cells].slice(1, 1 + days())];

function cellOf(target) {
  const cell = target.closest?.("table.c-month tbody td");
  return cell && !cell.classList.contains("sum") ? cell : null;
}

function stopOf(target) {
  return cellOf(target) ?? target.closest?.("table.c-month tbody th a") ?? null;
}

const dateOf = (cell) => `${table().dataset.month}-${String(cell.cellIndex).padStart(2, "0")}`;

// What the cell says in words, beside its letters, made when somebody gets there.
function describe(cell) {
  if (cell.querySelector(".u-sr-only")) {
    return;
  }
  const row = cell.parentElement;
  const head = table().tHead.rows[0].cells[cell.cellIndex];
  const [letter, minutes] = cell.textContent.split("\n");
  const key = document.querySelector(`[data-letter="${CSS.escape(letter)}"]`);
  const said = [
    row.cells[0].querySelector("a").textContent,
    head.getAttribute("aria-label"),
    key ? key.nextElementSibling.textContent.trim() : "nothing planned",
    minutes && `worked ${minutes}`,
    cell.classList.contains("late") && "late",
    cell.classList.contains("several") && "several shifts",
  ];
  const words = document.createElement("span");
  words.className = "u-sr-only";
  words.textContent = said.filter(Boolean).join(", ");
  cell.append(words);
}

function go(stop) {
  if (!stop) {
    return;
  }
  if (stop.tagName === "TD") {
    for (const old of table().querySelectorAll("td[tabindex]")) {
      old.removeAttribute("tabindex");
    }
    stop.tabIndex = 0;
    describe(stop);
  }
  stop.focus();
  stop.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function open(cell) {
  opened = cell;
  const person = cell.parentElement.dataset.person;
  const url = table()
    .dataset.dayUrl.replace("00000000-0000-0000-0000-000000000000", person)
    .replace("0000-00-00", dateOf(cell));
  const title = document.getElementById(`${DRAWER}-title`);
  title.textContent = cell.parentElement.cells[0].querySelector("a").textContent;
  openDialog(DRAWER);
  window.htmx.ajax("GET", url, { target: `#${DRAWER}-body`, swap: "innerHTML" });
}

function move(stop, key, ctrlKey) {
  const row = stop.closest("tr");
  const stops = stopsOf(row);
  const at = stops.indexOf(stop);
  const rows = [...row.parentElement.rows];
  const inRow = (other) => other && stopsOf(other)[at];
  switch (key) {
    case "ArrowRight":
      return stops[at + 1];
    case "ArrowLeft":
      return stops[at - 1];
    case "ArrowDown":
      return inRow(row.nextElementSibling);
    case "ArrowUp":
      return inRow(row.previousElementSibling);
    case "Home":
      return ctrlKey ? stopsOf(rows[0])[1] : stops[1];
    case "End":
      return ctrlKey ? stopsOf(rows.at(-1)).at(-1) : stops.at(-1);
    default:
      return null;
  }
}

// The place in the grid goes with the month: the same person, the same date where there is one.
function leaf(selector, stop) {
  const link = document.querySelector(selector);
  if (!link) {
    return;
  }
  const person = stop?.closest("tr")?.dataset.person;
  const place = person && { person, day: stop.tagName === "TD" ? stop.cellIndex : 0 };
  sessionStorage.setItem("month-place", JSON.stringify(place ?? null));
  link.click();
}

function restore() {
  const first = table()?.tBodies[0].rows[0];
  if (!first) {
    return;
  }
  const place = JSON.parse(sessionStorage.getItem("month-place") ?? "null");
  sessionStorage.removeItem("month-place");
  const row = place && table().querySelector(`tr[data-person="${CSS.escape(place.person)}"]`);
  if (row) {
    go(stopsOf(row)[Math.min(place.day, days())]);
    return;
  }
  // One cell can be tabbed to: today's of the first person, else the first.
  const today = first.querySelector("td.today") ?? first.cells[1];
  today.tabIndex = 0;
  describe(today);
  today.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || !table() || document.querySelector("dialog[open]")) {
    return;
  }
  const stop = stopOf(event.target);
  if (event.key === "PageUp" || event.key === "PageDown") {
    if (stop || event.target === document.body || event.target.id === "main") {
      event.preventDefault();
      leaf(event.key === "PageUp" ? "[data-month-before]" : "[data-month-after]", stop);
    }
    return;
  }
  if (!stop) {
    return;
  }
  if ((event.key === "Enter" || event.key === " ") && stop.tagName === "TD") {
    event.preventDefault();
    open(stop);
    return;
  }
  const next = move(stop, event.key, event.ctrlKey);
  if (next) {
    event.preventDefault();
    go(next);
  }
});

document.addEventListener("click", (event) => {
  const cell = cellOf(event.target);
  if (cell) {
    go(cell);
    open(cell);
  }
  if (event.target.closest("[data-month-stale]")) {
    location.reload();
  }
});

document.getElementById(DRAWER).addEventListener("close", () => {
  opened?.focus();
  opened = null;
});

// The whole grid is not read again with every punch: who looks at it is told, and asks.
document.addEventListener("live:attendance.changed", () => {
  const button = document.querySelector("[data-month-stale]");
  if (button) {
    button.hidden = false;
  }
});

document.addEventListener("htmx:after:swap", (event) => {
  if (event.target?.id === "month" || event.detail?.ctx?.target?.id === "month") {
    restore();
  }
});

restore();
