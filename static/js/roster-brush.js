/* What is painted on the roster: a shift, a day off or the plan's word, picked by mouse or keys. */

const PLAN = "plan";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

let brush = "";

export const hasBrush = () => brush !== "";

// As a cell is set: null where the plan decides.
export const brushed = () => (brush === PLAN ? null : brush);

export function pick(code, { focus = false } = {}) {
  brush = code;
  for (const one of document.querySelectorAll("[data-brush]")) {
    const isPicked = one.dataset.brush === code;
    one.setAttribute("aria-checked", String(isPicked));
    one.tabIndex = isPicked ? 0 : -1;
    if (isPicked && focus) {
      one.focus();
    }
  }
}

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const one = event.target.closest?.("[data-brush]");
  if (!step || !one) {
    return;
  }
  event.preventDefault();
  const brushes = [...document.querySelectorAll("[data-brush]")];
  const at = (brushes.indexOf(one) + step + brushes.length) % brushes.length;
  pick(brushes[at].dataset.brush, { focus: true });
});

document.addEventListener("click", ({ target }) => {
  const one = target.closest?.("[data-brush]");
  if (one) {
    pick(one.dataset.brush);
  }
});
