/* The roster on a phone: one day with everybody, or one person with every day. What is shown is
 * marked in the table, and the style sheet hides the rest on narrow screens alone. */
import * as grid from "./roster-grid.js";

const panel = () => document.querySelector("[data-roster-phone]");
const field = (name) => panel().querySelector(`[data-phone-${name}]`);
let view = "day";

export function showPhone(row) {
  const column = Number(field("day").value);
  row.classList.toggle("is-shown", row.dataset.person === field("person").value);
  for (const cell of row.cells) {
    cell.classList.toggle("is-shown", cell.cellIndex === column);
    if (view === "person" && cell.tagName === "TD") {
      cell.dataset.label = grid.head()[cell.cellIndex].getAttribute("aria-label");
    }
  }
}

function show() {
  grid.table().dataset.phone = view;
  field("day").hidden = view !== "day";
  field("person").hidden = view !== "person";
  for (const button of panel().querySelectorAll("button[data-phone]")) {
    button.setAttribute("aria-pressed", String(button.dataset.phone === view));
  }
  grid.rows().forEach(showPhone);
}

export function startPhone() {
  if (panel().dataset.isStarted) {
    return;
  }
  panel().dataset.isStarted = "yes";
  panel().addEventListener("change", show);
  panel().addEventListener("click", (event) => {
    const button = event.target.closest("button[data-phone]");
    if (button) {
      view = button.dataset.phone;
      show();
    }
  });
  show();
}
