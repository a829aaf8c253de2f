/* The roster's table: finding days, moving between them, choosing several, and saying in words what
 * one is about. Cells hold no words of their own: sixty thousand would weigh more than the page. */

const ORIGINS = {
  o: "set here",
  p: "from the person’s own plan",
  d: "from the department’s plan",
  s: "from the site’s plan",
  a: "from everybody’s plan",
};
const HOME_ROWS = 1;

let anchor = null;
let was = null;

export const table = () => document.querySelector("table.c-roster");
export const head = () => [...table().tHead.rows[0].cells];
export const rows = () => [...table().tBodies[0].rows];
export const isDay = (cell) => cell?.tagName === "TD" && !cell.classList.contains("sum");
export const daysOf = (row) => [...row.cells].filter(isDay);

export function cellOf(target) {
  const cell = target.closest?.("table.c-roster tbody td");
  return isDay(cell) ? cell : null;
}

// A place outlives its cell: rows are put anew with every answer.
export const placeOf = (cell) => ({
  person: cell.parentElement.dataset.person,
  day: head()[cell.cellIndex].dataset.date,
});

export function cellAt({ person, day }) {
  const row = table().querySelector(`tr[data-person="${CSS.escape(person)}"]`);
  const column = head().find((cell) => cell.dataset.date === day)?.cellIndex;
  return row && column ? row.cells[column] : null;
}

// What was set by hand: codes, "-" for a day off, null where the plan decides.
export const setOf = (cell) => cell.dataset.set ?? null;

// What is worked, wherever that is said.
export function workedOf(cell) {
  const codes = [...cell.querySelectorAll("b")].map((code) => code.textContent);
  return codes.length === 0 ? null : codes.join(",").replace("–", "-");
}

export const nameOf = (row) => row.cells[0].querySelector("span").textContent;

export function describe(cell) {
  const names = new Map(
    [...document.querySelectorAll("[data-brush][data-name]")].map((brush) => [
      brush.dataset.brush,
      brush.dataset.name,
    ]),
  );
  const shifts = [...cell.querySelectorAll("b")].map(({ textContent: code }) =>
    code === "–" ? "day off" : names.get(code),
  );
  if (shifts.length === 0) {
    const isBeyond = cell.classList.contains("beyond");
    shifts.push(isBeyond ? "does not belong here on this date" : "nothing planned");
  }
  const said = [
    nameOf(cell.parentElement),
    head()[cell.cellIndex].getAttribute("aria-label"),
    // What is seen is said as it is seen: whoever speaks to the page says that.
    cell.textContent.replace(/^–/, "").trim(),
    shifts.filter(Boolean).join(" and "),
    ORIGINS[[...cell.classList].find((name) => ORIGINS[name])],
    cell.dataset.note,
  ];
  cell.setAttribute("aria-label", said.filter(Boolean).join(", "));
}

export function go(cell, { extend = false, focus = true } = {}) {
  if (!cell) {
    return;
  }
  for (const old of table().querySelectorAll("td[tabindex]")) {
    old.removeAttribute("tabindex");
  }
  cell.tabIndex = 0;
  describe(cell);
  if (extend) {
    anchor ??= placeOf(cell);
  } else {
    anchor = placeOf(cell);
  }
  choose(cell);
  if (focus) {
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

export const current = () => table()?.querySelector("td[tabindex]") ?? null;

// Every day between the anchor and the current one.
export function chosen() {
  const last = current();
  if (!last) {
    return [];
  }
  const first = (anchor && cellAt(anchor)) ?? last;
  const all = rows();
  const span = (one, other) => [Math.min(one, other), Math.max(one, other)];
  const [top, bottom] = span(all.indexOf(first.parentElement), all.indexOf(last.parentElement));
  const [left, right] = span(first.cellIndex, last.cellIndex);
  return all
    .slice(top, bottom + 1)
    .map((row) => [...row.cells].slice(left, right + 1).filter(isDay));
}

function choose() {
  for (const cell of table().querySelectorAll(".is-chosen")) {
    cell.classList.remove("is-chosen");
  }
  const cells = chosen().flat();
  if (cells.length > 1) {
    cells.forEach((cell) => cell.classList.add("is-chosen"));
  }
}

export function next(cell, key, ctrlKey) {
  const row = cell.parentElement;
  const days = daysOf(row);
  const at = days.indexOf(cell);
  const beside = (other) => (other ? daysOf(other)[at] : null);
  switch (key) {
    case "ArrowRight":
      return days[at + 1] ?? null;
    case "ArrowLeft":
      return days[at - 1] ?? null;
    case "ArrowDown":
      return beside(row.nextElementSibling);
    case "ArrowUp":
      return beside(row.previousElementSibling);
    case "Home":
      return daysOf(ctrlKey ? rows()[HOME_ROWS - 1] : row)[0];
    case "End":
      return daysOf(ctrlKey ? rows().at(-1) : row).at(-1);
    default:
      return null;
  }
}

// Before a new table is put: the day that one is at, and whether one is typing there.
export function keepPlace() {
  const cell = current();
  was = cell && { place: placeOf(cell), hasFocus: cell === document.activeElement };
}

// One day can be tabbed to: where one was, else today's of the first person, else the first.
export function begin() {
  const first = table()?.tBodies[0].rows[0];
  if (first) {
    const same = was && cellAt(was.place);
    go(same ?? first.querySelector("td.today") ?? daysOf(first)[0], {
      focus: Boolean(same && was.hasFocus),
    });
  }
}

export function replaceRow(person, html) {
  const old = table().querySelector(`tr[data-person="${CSS.escape(person)}"]`);
  if (!old) {
    return null;
  }
  const hadFocus = old.contains(document.activeElement);
  const column = [...old.cells].findIndex((cell) => cell.tabIndex === 0 && isDay(cell));
  const body = document.createElement("tbody");
  body.innerHTML = html;
  const row = body.rows[0];
  old.replaceWith(row);
  if (column > 0) {
    const cell = row.cells[column];
    cell.tabIndex = 0;
    describe(cell);
    if (hadFocus) {
      cell.focus({ preventScroll: true });
    }
  }
  choose();
  return row;
}
