/* Row selection in tables with data-select: all, ranges with Shift, and by keyboard (j and k move
 * between rows, x ticks one). The bar with data-bulk appears while something is ticked. */

let lastTicked = null;

export function startTables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("table[data-select] input[type=checkbox]");
    if (!box) {
      return;
    }
    const table = box.closest("table");
    if (box.matches("[data-select-all]")) {
      for (const other of rowBoxes(table)) {
        other.checked = box.checked;
      }
    } else if (event.shiftKey && lastTicked?.isConnected) {
      tickRange(rowBoxes(table), lastTicked, box);
    }
    lastTicked = box.matches("[data-select-all]") ? null : box;
    update(table);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const row = event.target.closest?.("table[data-select] tbody tr");
    if (!row || event.target.closest("input:not([type=checkbox]), textarea, select")) {
      return;
    }
    if (event.key === "j" || event.key === "k") {
      const next = event.key === "j" ? row.nextElementSibling : row.previousElementSibling;
      next?.querySelector(".c-row-link, input, a")?.focus();
    } else if (event.key === "x") {
      row.querySelector("input[type=checkbox]")?.click();
    }
  });

  // A partial that was swapped in, and a page restored by the back button, may hold ticks.
  const refresh = () => document.querySelectorAll("table[data-select]").forEach(update);
  document.addEventListener("htmx:after:swap", refresh);
  window.addEventListener("pageshow", refresh);
}

function rowBoxes(table) {
  return [...table.querySelectorAll("tbody .c-table__select input[type=checkbox]")];
}

function tickRange(boxes, from, to) {
  const [first, last] = [boxes.indexOf(from), boxes.indexOf(to)].sort((a, b) => a - b);
  if (first < 0) {
    return;
  }
  for (const box of boxes.slice(first, last + 1)) {
    box.checked = to.checked;
  }
}

function update(table) {
  const boxes = rowBoxes(table);
  const ticked = boxes.filter((box) => box.checked).length;
  const all = table.querySelector("[data-select-all]");
  if (all) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  const bar = document.querySelector("[data-bulk]");
  if (bar) {
    bar.hidden = ticked === 0;
    bar.querySelector("[data-bulk-count]").textContent = `${ticked} selected`;
  }
}
