/* Planning on the roster: type a shift's code, paint, copy, take back. Every change is sent at once,
 * one after the other; the server answers the rows as they are now, or why it refuses. */
import { closeDialog } from "./dialogs.js";
import { brushed, hasBrush, pick } from "./roster-brush.js";
import { copyDialogs } from "./roster-copy.js";
import * as grid from "./roster-grid.js";
import { showPhone, startPhone } from "./roster-phone.js";
import { csrfToken } from "./upload.js";

const TYPING_MS = 900;
const DAY_OFF = "-";

const done = [];
let typed = "";
let typing = null;
let copied = null;
let stroke = null;
let last = Promise.resolve();

const mayPlan = () => Boolean(grid.table()?.dataset.cellsUrl);
const codes = () =>
  [...document.querySelectorAll("[data-brush][data-name]")].map((one) => one.dataset.brush);

// --- the server ---

function say(message, { isRefused = false } = {}) {
  const said = document.querySelector("[data-roster-said]");
  const refused = document.querySelector("[data-roster-refused]");
  said.textContent = isRefused ? "" : message;
  refused.textContent = isRefused ? message : "";
}

async function post(url, body) {
  const { first, weeks } = grid.table().dataset;
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": csrfToken(),
      },
      body: JSON.stringify({ first, weeks: Number(weeks), ...body }),
    });
  } catch {
    return { refused: "The server could not be reached. Nothing was changed." };
  }
  const data = await answer.json().catch(() => null);
  if (answer.ok && data?.rows) {
    return data;
  }
  const refused =
    data?.error?.message ?? `The server could not do this (error ${answer.status}). Nothing was changed.`;
  return { refused, code: data?.error?.code };
}

function take(data, { isUndo = false } = {}) {
  for (const { person, html } of data.rows) {
    const row = grid.replaceRow(person, html);
    if (row) {
      showPhone(row);
    }
  }
  if (data.undo.length > 0 && !isUndo) {
    done.push(data.undo);
  }
  showUndo();
  say(isUndo ? "Taken back." : data.said);
}

function mark(places, name, isOn) {
  for (const place of places) {
    grid.cellAt(place)?.classList.toggle(name, isOn);
  }
}

// In turn: what a change expects to find is what the one before it has left.
function inTurn(act) {
  last = last.then(act, act);
  return last;
}

function apply(wanted) {
  if (!mayPlan() || wanted.length === 0) {
    return last;
  }
  return inTurn(async () => {
    const places = wanted.filter(({ place }) => {
      const cell = grid.cellAt(place);
      return cell && !cell.classList.contains("beyond");
    });
    const changes = places.map(({ place, to }) => ({
      ...place,
      to,
      seen: grid.setOf(grid.cellAt(place)),
    }));
    if (changes.length === 0) {
      say("The person does not belong here on this date.", { isRefused: true });
      return;
    }
    await send(changes);
  });
}

async function send(changes, options = {}) {
  mark(changes, "is-saving", true);
  const data = await post(grid.table().dataset.cellsUrl, { changes });
  mark(changes, "is-saving", false);
  for (const old of grid.table().querySelectorAll(".is-refused")) {
    old.classList.remove("is-refused");
  }
  if (!data.refused) {
    take(data, options);
    return true;
  }
  say(data.refused, { isRefused: true });
  if (data.code === "roster.stale") {
    await window.htmx.ajax("GET", location.href, { target: "#roster", swap: "innerHTML" });
  }
  mark(changes, "is-refused", true);
  return false;
}

function undo() {
  inTurn(async () => {
    const changes = done.pop();
    if (changes) {
      await send(changes, { isUndo: true });
    }
    showUndo();
  });
}

function showUndo() {
  const button = document.querySelector("[data-roster-undo]");
  if (button) {
    button.disabled = done.length === 0;
  }
}

const all = (cells, to) => cells.map((cell) => ({ place: grid.placeOf(cell), to }));
const setChosen = (to) => apply(all(grid.chosen().flat(), to));

// --- typing a code ---

function showTyped() {
  for (const cell of grid.table().querySelectorAll("[data-typing]")) {
    delete cell.dataset.typing;
  }
  if (typed) {
    grid.current().dataset.typing = typed;
  }
}

function type(letter) {
  clearTimeout(typing);
  typed += letter.toUpperCase();
  const fitting = codes().filter((code) => code.toUpperCase().startsWith(typed));
  if (fitting.length === 0) {
    say(`No shift has a code that begins with “${typed}”.`, { isRefused: true });
    typed = "";
  } else if (fitting.length === 1 && fitting[0].toUpperCase() === typed) {
    commit();
    return;
  } else {
    typing = setTimeout(commit, TYPING_MS);
  }
  showTyped();
}

function commit() {
  clearTimeout(typing);
  const code = codes().find((one) => one.toUpperCase() === typed);
  const wasTyped = typed;
  typed = "";
  showTyped();
  if (code) {
    setChosen(code);
  } else if (wasTyped) {
    say(`No shift has the code “${wasTyped}”.`, { isRefused: true });
  }
}

function forget() {
  clearTimeout(typing);
  typed = "";
  showTyped();
}

// --- copying days ---

function copy() {
  copied = grid.chosen().map((row) => row.map(grid.workedOf));
  say(`${copied.length * copied[0].length} days copied. Ctrl V sets them from the day you choose.`);
}

function paste(cell) {
  if (!copied) {
    return;
  }
  const all = grid.rows();
  const top = all.indexOf(cell.parentElement);
  const wanted = copied.flatMap((line, down) =>
    line.map((worked, along) => ({
      target: all[top + down]?.cells[cell.cellIndex + along],
      to: worked ?? DAY_OFF,
    })),
  );
  apply(
    wanted
      .filter(({ target }) => grid.isDay(target))
      .map(({ target, to }) => ({ place: grid.placeOf(target), to })),
  );
}

// --- keys ---

function onKey(event) {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  const isCommand = ctrlKey || metaKey;
  if (altKey || !grid.table() || document.querySelector("dialog[open]")) {
    return;
  }
  if (isCommand && key.toLowerCase() === "z" && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    undo();
    return;
  }
  const cell = grid.cellOf(event.target);
  if (cell && pressed(cell, { key, isCommand, shiftKey })) {
    event.preventDefault();
  }
}

// True where the key meant something here.
function pressed(cell, { key, isCommand, shiftKey }) {
  const to = grid.next(cell, key, isCommand);
  if (to || key.startsWith("Arrow")) {
    commit();
    grid.go(to, { extend: shiftKey });
    return true;
  }
  if (key === "PageUp" || key === "PageDown") {
    document
      .querySelector(key === "PageUp" ? "[data-roster-before]" : "[data-roster-after]")
      .click();
    return true;
  }
  return mayPlan() && pressedToPlan(cell, { key, isCommand });
}

function pressedToPlan(cell, { key, isCommand }) {
  if (isCommand) {
    const act = { c: copy, v: () => paste(cell) }[key.toLowerCase()];
    act?.();
    return Boolean(act);
  }
  if (key === "Escape") {
    if (typed) {
      forget();
    } else {
      pick("");
    }
    return true;
  }
  if (key === "Delete" || key === "Backspace") {
    if (typed) {
      forget();
    } else {
      setChosen(key === "Delete" ? DAY_OFF : null);
    }
    return true;
  }
  if (key === "Enter" || key === " ") {
    if (typed) {
      commit();
    } else if (hasBrush()) {
      setChosen(brushed());
    }
    return true;
  }
  if (key.length === 1) {
    type(key);
    return true;
  }
  return false;
}

// --- mouse and touch ---

function onPointerDown(event) {
  const cell = grid.cellOf(event.target);
  // A finger scrolls; its tap comes as a click.
  if (!cell || event.pointerType !== "mouse" || event.button !== 0) {
    return;
  }
  event.preventDefault();
  commit();
  grid.go(cell, { extend: event.shiftKey });
  stroke = [];
  addToStroke(cell);
}

function addToStroke(cell) {
  if (!hasBrush()) {
    return;
  }
  stroke.push(cell);
  cell.classList.add("is-chosen");
}

function onPointerOver(event) {
  const cell = stroke && grid.cellOf(event.target);
  if (!cell) {
    return;
  }
  if (hasBrush()) {
    addToStroke(cell);
  } else {
    grid.go(cell, { extend: true });
  }
}

function onPointerUp() {
  const cells = [...new Set(stroke ?? [])];
  stroke = null;
  if (cells.length > 0) {
    apply(all(cells, brushed()));
  }
}

function onClick(event) {
  if (event.target.closest?.("[data-roster-undo]")) {
    undo();
    return;
  }
  const cell = grid.cellOf(event.target);
  if (cell && event.pointerType !== "mouse" && event.detail > 0) {
    grid.go(cell);
    if (hasBrush() && mayPlan()) {
      apply(all([cell], brushed()));
    }
  }
}

function begin() {
  if (grid.table()) {
    grid.begin();
    startPhone();
  }
}

document.addEventListener("keydown", onKey);
document.addEventListener("pointerdown", onPointerDown);
document.addEventListener("pointerover", onPointerOver);
document.addEventListener("pointerup", onPointerUp);
document.addEventListener("click", onClick);
document.addEventListener("htmx:before:swap", grid.keepPlace);
document.addEventListener("htmx:after:swap", begin);
copyDialogs({
  send: (body) =>
    inTurn(async () => {
      const data = await post(grid.table().dataset.copyUrl, body);
      if (!data.refused) {
        take(data);
      }
      return data.refused;
    }),
  close: closeDialog,
});
begin();
