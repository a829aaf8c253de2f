/* The forms of plans: only what a choice needs is shown, and a rotation is put together by keys.
   Hidden fields keep their values. */

const RULES = [
  ["[data-policy-form]", "break_kind", "forBreak"],
  ["[data-assign-form]", "whom", "forWhom"],
  ["[data-assign-form]", "what", "forWhat"],
];

function attribute(key) {
  return `data-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function show() {
  for (const [selector, field, key] of RULES) {
    for (const form of document.querySelectorAll(selector)) {
      for (const part of form.querySelectorAll(`[${attribute(key)}]`)) {
        part.hidden = form.elements[field].value !== part.dataset[key];
      }
    }
  }
  for (const form of document.querySelectorAll("[data-shift-form]")) {
    form.querySelector("[data-for-flexible]").hidden = !form.elements.is_flexible.checked;
  }
}

function turnKeys(keys) {
  const field = keys.closest("form").elements.turns;
  const turns = () => field.value.split(/[\s,;]+/).filter(Boolean);
  keys.hidden = false;
  keys.addEventListener("click", (event) => {
    const key = event.target.closest("button");
    if (!key) return;
    const next = key.dataset.turn === undefined ? turns().slice(0, -1) : [...turns(), key.dataset.turn];
    field.value = next.join(" ");
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

document.querySelectorAll("[data-turn-keys]").forEach(turnKeys);
document.addEventListener("change", show);
window.addEventListener("pageshow", show);
show();
