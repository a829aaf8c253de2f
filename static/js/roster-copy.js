/* The two dialogs that copy: a week of everybody shown, and one person's days to others. */
import * as grid from "./roster-grid.js";

function fill(dialog) {
  const people = grid.rows().map((row) => [row.dataset.person, grid.nameOf(row)]);
  const here = grid.current()?.parentElement.dataset.person;
  const select = dialog.querySelector("[data-people]");
  select.replaceChildren(
    ...people.map(([id, name]) => new Option(name, id, id === here, id === here)),
  );
  const ticks = dialog.querySelector("[data-people-ticks]");
  ticks.replaceChildren(
    ...people.map(([id, name]) => {
      const label = document.createElement("label");
      const box = document.createElement("input");
      const words = document.createElement("span");
      label.className = "c-check";
      Object.assign(box, { type: "checkbox", name: "people", value: id });
      words.textContent = name;
      label.append(box, words);
      return label;
    }),
  );
  showTargets(dialog);
}

// Nobody is copied onto themselves.
function showTargets(dialog) {
  const source = dialog.querySelector("[data-people]").value;
  for (const box of dialog.querySelectorAll("[data-people-ticks] input")) {
    box.closest("label").hidden = box.value === source;
    box.checked &&= box.value !== source;
  }
}

export function copyDialogs({ send, close }) {
  async function submit(form, body) {
    const error = form.querySelector("[data-copy-error]");
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    const refused = await send(body);
    button.disabled = false;
    error.hidden = !refused;
    error.textContent = refused ?? "";
    if (!refused) {
      close(form);
    }
  }

  document.addEventListener("dialog:open", ({ target }) => {
    for (const error of target.querySelectorAll("[data-copy-error]")) {
      error.hidden = true;
    }
    if (target.querySelector("[data-copy-person]")) {
      fill(target);
    }
  });
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("[data-copy-person]");
    if (form && target.matches("[data-people]")) {
      showTargets(form);
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-copy-week]")) {
      event.preventDefault();
      const people = grid.rows().map((row) => row.dataset.person);
      submit(form, { people, from: form.elements.from.value, to: form.elements.to.value });
    } else if (form.matches("[data-copy-person]")) {
      event.preventDefault();
      const data = new FormData(form);
      submit(form, { people: data.getAll("people"), source: data.get("source") });
    }
  });
}
