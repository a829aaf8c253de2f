/* The list of a running roll-call. Once loaded it needs no server: marks show at once and wait in
 * the queue; what others marked is asked for whenever the server can be reached. */
import { Unanswered, coalescer } from "./live-refresh.js";
import { markQueue } from "./muster-queue.js";
import { toast } from "./toasts.js";
import { csrfToken } from "./upload.js";

const CHECK_MS = 5000; // a hint can be lost, and the websocket be away while the server is not
const TIMEOUT_MS = 10_000;
const UNDO_MS = 8000;
const TYPING_MS = 150;
const WORDS = { missing: "Missing", safe: "Safe", excused: "Was not here" };

const root = document.querySelector("[data-muster]");
const list = root.querySelector("[data-list]");
const line = root.querySelector("[data-line]");
const last = root.querySelector("[data-last]");
const spoken = root.querySelector("[data-spoken]");
const none = root.querySelector("[data-none]");
const search = root.querySelector("[data-search]");
const show = root.querySelector("[data-show]");
const department = root.querySelector("[data-department]");
const { changesUrl, marksUrl, peopleUrl, addUrl, pass } = root.dataset;

const rows = new Map(); // entry → its row
const told = new Map(); // entry → its state as the server knows it
let cursor = root.dataset.cursor;
let isEnded = false;
let isReached = true;
let undoTimer = 0;

const queue = markQueue({
  muster: root.dataset.muster,
  url: marksUrl,
  pass,
  csrf: csrfToken,
  onChange: () => draw(),
  onKept(mark) {
    told.set(mark.entry, mark.state);
    refresh();
  },
  onRefused(mark, reason) {
    const name = mark && nameOf(rows.get(mark.entry));
    toast(`${name ? `${name}: ` : ""}${reason}`, { kind: "danger" });
  },
});

for (const row of list.querySelectorAll("[data-entry]")) {
  take(row);
}

function take(row) {
  rows.set(row.dataset.entry, row);
  told.set(row.dataset.entry, row.dataset.state);
}

const nameOf = (row) => row?.querySelector(".c-muster__name").textContent ?? "";
const stateOf = (entry) => queue.stateOf(entry) ?? told.get(entry);

// --- marking ---

list.addEventListener("submit", (event) => {
  event.preventDefault();
  const [entry, state] = event.submitter?.value.split(":") ?? [];
  if (entry) {
    mark(entry, state);
  }
});

function mark(entry, state) {
  if (isEnded) {
    toast("The roll-call is over.", { kind: "warning" });
    return;
  }
  const row = rows.get(entry);
  const before = stateOf(entry);
  // Focus goes on to the next row, since this one may leave the list.
  const next = visibleAfter(row);
  const hadFocus = row.contains(document.activeElement);
  queue.add(entry, state);
  if (hadFocus && row.hasAttribute("data-out")) {
    (next ?? search).focus({ preventScroll: true });
  }
  spoken.textContent = `${nameOf(row)}: ${WORDS[state]}`;
  last.querySelector("[data-last-text]").textContent = spoken.textContent;
  last.querySelector("[data-last-undo]").onclick = () => {
    last.hidden = true;
    queue.add(entry, before);
  };
  last.hidden = before === state;
  clearTimeout(undoTimer);
  undoTimer = setTimeout(() => {
    last.hidden = true;
  }, UNDO_MS);
}

function visibleAfter(row) {
  const all = [...list.querySelectorAll("[data-entry]:not([data-out])")];
  return all[all.indexOf(row) + 1]?.querySelector(".c-muster__safe");
}

// --- what others marked ---

const refresh = coalescer(async () => {
  let answer;
  try {
    answer = await fetch(`${changesUrl}?after=${cursor}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "manual",
    });
  } catch {
    answer = null;
  }
  const wasReached = isReached;
  isReached = answer?.ok ?? false;
  if (!isReached) {
    draw();
    return; // asked again by the clock
  }
  const changes = await answer.json().catch((error) => {
    throw new Unanswered(error.message);
  });
  cursor = changes.cursor;
  isEnded = changes.ended;
  for (const change of changes.entries) {
    takeChange(change);
  }
  draw();
  if (!wasReached) {
    queue.send();
  }
});

function takeChange({ id, state, by, at, row }) {
  if (!rows.has(id)) {
    if (!row) {
      return;
    }
    const template = document.createElement("template");
    template.innerHTML = row.trim();
    const added = template.content.firstElementChild;
    const group = list.querySelector("[data-group-added]");
    group.querySelector("ul").append(added);
    take(added);
  }
  told.set(id, state);
  rows.get(id).querySelector("[data-said]").textContent = by ? `${at} ${by}` : "";
}

document.addEventListener("live:muster.changed", (event) => {
  if (event.detail.events.some(({ id }) => id === root.dataset.muster)) {
    refresh();
  }
});
document.addEventListener("live:opened", refresh);
setInterval(refresh, CHECK_MS);

// --- showing ---

function draw() {
  const counts = { missing: 0, safe: 0, excused: 0 };
  const wanted = search.value.trim().toLowerCase();
  let shown = 0;
  for (const group of list.querySelectorAll("[data-group]")) {
    let members = 0;
    let missing = 0;
    let visible = 0;
    const isRight = !department.value || department.value === group.dataset.group;
    for (const row of group.querySelectorAll("[data-entry]")) {
      const { entry } = row.dataset;
      const state = stateOf(entry);
      counts[state] += 1;
      members += 1;
      missing += state === "missing" ? 1 : 0;
      row.dataset.state = state;
      row.toggleAttribute("data-waiting", queue.stateOf(entry) !== undefined);
      const word = row.querySelector("[data-word]");
      if (word.textContent !== WORDS[state]) {
        word.textContent = WORDS[state];
      }
      // Whoever is searched for is found, whatever their state.
      const isShown = wanted
        ? row.dataset.text.includes(wanted)
        : isRight && (!show.value || show.value === state);
      row.toggleAttribute("data-out", !isShown);
      visible += isShown ? 1 : 0;
    }
    group.toggleAttribute("data-out", visible === 0);
    group.toggleAttribute("data-empty", members === 0);
    group.querySelector("[data-group-count]").textContent = `${missing} of ${members} missing`;
    shown += visible;
  }
  for (const [state, count] of Object.entries(counts)) {
    const place = root.querySelector(`[data-count="${state}"]`);
    if (place.textContent !== String(count)) {
      place.textContent = count;
    }
  }
  none.hidden = shown > 0 || rows.size === 0;
  const left = document.querySelector("[data-end-missing]");
  if (left) {
    left.textContent = counts.missing
      ? `${counts.missing} ${counts.missing === 1 ? "person is" : "people are"} still missing.`
      : "Nobody is missing.";
  }
  say();
}

function say() {
  const waiting = queue.waiting();
  const marks = `${waiting} ${waiting === 1 ? "mark waits" : "marks wait"} on this phone`;
  let text = "";
  if (isEnded) {
    text = "The roll-call is over. Reload the page for its report.";
  } else if (queue.trouble() === "signed-out") {
    text = `You are signed out. ${marks}; sign in again in another tab to send them.`;
  } else if (!isReached || queue.trouble() === "away") {
    text = waiting
      ? `No connection. ${marks} and will be sent when it is back. Go on marking.`
      : "No connection: what others mark is not seen now. Go on marking.";
  }
  line.hidden = !text;
  if (line.textContent !== text) {
    line.textContent = text;
  }
}

let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(draw, TYPING_MS);
});
show.addEventListener("change", draw);
department.addEventListener("change", draw);

// A face that cannot be fetched any more gives way to initials.
list.addEventListener(
  "error",
  (event) => {
    const face = event.target.closest?.("[data-initials]");
    if (face) {
      const letters = document.createElement("span");
      letters.ariaHidden = "true";
      letters.textContent = face.dataset.initials;
      face.replaceChildren(letters);
    }
  },
  true,
);

// --- adding somebody ---

const addSearch = document.querySelector("[data-add-search]");
const found = document.querySelector("[data-add-found]");

const look = coalescer(async () => {
  const query = new URLSearchParams({ q: addSearch.value });
  const answer = await fetch(`${peopleUrl}?${query}`, {
    headers: { "HX-Request": "true" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error) => {
    throw new Unanswered(error.message);
  });
  if (answer.ok) {
    found.innerHTML = await answer.text();
  }
});

addSearch?.addEventListener("input", look);
found?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-add]");
  if (!button) {
    return;
  }
  button.disabled = true;
  const answer = await fetch(addUrl, {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
    body: new URLSearchParams({ person: button.dataset.add, state: button.dataset.addState }),
  }).catch(() => null);
  if (answer?.ok) {
    button.closest("li").remove();
    toast("Added to the list", { kind: "success" });
    refresh();
    return;
  }
  button.disabled = false;
  toast("Not added: the server could not be reached, or refused. Try again.", { kind: "danger" });
});

root.dataset.ready = "true";
draw();
refresh();
