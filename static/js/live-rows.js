/* The stream's rows: newest first, one element a visit, changed in place and never doubled.
 *
 * A row is known by data-visit (time-ordered, so that text order is the order of beginning) and
 * its data-version, the moment of its last change. */

export const MOST_ROWS = 200;

export function parseRows(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children].filter((row) => row.dataset.visit);
}

/* Make `old` like `next` while its elements stay: pictures do not flicker, and focus keeps. */
export function morph(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) {
    old.replaceWith(next);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) {
      old.data = next.data;
    }
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !KEPT.has(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  const wanted = [...next.childNodes];
  const present = [...old.childNodes];
  wanted.forEach((child, index) => {
    if (index < present.length) {
      morph(present[index], child);
    } else {
      old.append(child);
    }
  });
  for (const surplus of present.slice(wanted.length)) {
    surplus.remove();
  }
}

// htmx marks what it has wired; without its mark it would wire it twice.
const KEPT = new Set(["data-htmx-powered"]);

export function rowList(list, { pageLength, onChange = () => {} }) {
  const first = () => list.firstElementChild;
  const last = () => list.lastElementChild;
  const find = (id) => document.getElementById(`visit-${id}`);

  /* Take rows in; ids that were asked for and did not come are gone, or match no more.
   * Returns what happened: [{row, from, isNew}], `from` being the state before. */
  function merge(rows, { asked = [], older = false } = {}) {
    const changes = [];
    const came = new Set();
    for (const next of rows) {
      const id = next.dataset.visit;
      came.add(id);
      const old = find(id);
      if (old) {
        const change = update(old, next);
        if (change) {
          changes.push(change);
        }
      } else if (older || list.childElementCount < pageLength || id > last().dataset.visit) {
        insert(next);
        changes.push({ row: next, from: "", isNew: true });
      }
    }
    for (const id of asked) {
      if (!came.has(id)) {
        find(id)?.remove();
      }
    }
    while (list.childElementCount > MOST_ROWS) {
      last().remove();
    }
    onChange(list.childElementCount);
    return changes;
  }

  function update(old, next) {
    if (old.dataset.version > next.dataset.version) {
      return null; // an answer that was overtaken
    }
    const from = old.dataset.state;
    const isPromoted = from !== "confirmed" && next.dataset.state === "confirmed";
    next.classList.toggle("is-promoted", isPromoted || old.classList.contains("is-promoted"));
    next.classList.toggle("is-new", old.classList.contains("is-new"));
    morph(old, next);
    window.htmx?.process(old);
    return { row: old, from, isNew: false };
  }

  function insert(row) {
    const id = row.dataset.visit;
    let place = first();
    while (place && place.dataset.visit > id) {
      place = place.nextElementSibling;
    }
    list.insertBefore(row, place);
    row.classList.add("is-new");
    window.htmx?.process(row);
  }

  function replace(rows) {
    list.replaceChildren(...rows);
    window.htmx?.process(list);
    onChange(list.childElementCount);
  }

  return {
    merge,
    replace,
    find,
    ids: () => [...list.children].map((row) => row.dataset.visit),
    newestId: () => first()?.dataset.visit ?? "",
    oldestId: () => last()?.dataset.visit ?? "",
    latestVersion: () =>
      [...list.children].reduce(
        (latest, row) => (row.dataset.version > latest ? row.dataset.version : latest),
        "",
      ),
  };
}
