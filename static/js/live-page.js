/* The Live page: rows and tiles follow the server's hints, a few questions a second at most.
 *
 * An event names the visits that changed; those alone are asked for, in one question. After a
 * gap (a lost connection, a hidden tab, a hint without names) the page asks for everything after
 * its newest row and everything that changed since its latest one, until nothing is missing. What
 * became part of another visit, or matches no more, is in neither answer: after a time without
 * events, and now and then, every row that is shown is asked for as well. */
import { startKeys } from "./live-keys.js";
import { Unanswered, coalescer } from "./live-refresh.js";
import { MOST_ROWS, morph, parseRows, rowList } from "./live-rows.js";
import { liveSound } from "./live-sound.js";

const TILES_PAUSE_MS = 1000;
const TILES_AFTER_MS = 200;
const IDS_AT_ONCE = 60;
// So many fit an address of 4096 characters, which every proxy lets through.
const SHOWN_AT_ONCE = 100;
const TYPING_MS = 300;
const SAID_MS = 3000;
// Changes become visible when they are committed, a moment after they were dated.
const OVERLAP_MS = 30_000;
// A hint can be lost while the broker restarts; counts and silent cameras change without one.
const CHECK_MS = 15_000;
// An erased person's visits change without an event. All rows are many: asked for each two minutes.
const CHECKS_OF_SHOWN = 8;

const root = document.querySelector("[data-live-page]");
const list = root.querySelector("[data-live-rows]");
const filter = document.getElementById("live-filter");
const tiles = root.querySelector("[data-live-tiles]");
const newCount = root.querySelector("[data-live-new]");
const empty = root.querySelector("[data-live-empty]");
const older = root.querySelector("[data-live-older]");
const said = root.querySelector("[data-live-said]");
const pause = document.querySelector("[data-live-pause]");
const sound = document.querySelector("[data-live-sound]");
const pageLength = Number(root.dataset.pageLength);

const rows = rowList(list, {
  pageLength,
  onChange(count) {
    empty.hidden = count > 0;
    if (count >= MOST_ROWS) {
      older.hidden = true;
    }
  },
});
const ring = liveSound(sound, (isOn) =>
  swapButton(sound, isOn ? "volume-2" : "volume-x", isOn ? "Sound on" : "Sound"),
);

let isPaused = false;
let hasGap = false;
let checks = 0;
let isStale = false; // rows may be shown that are no more, or are nobody's by now
let era = 0; // raised when the filter changes: answers from before are for nobody
const changed = new Set(); // ids that an event named and nobody asked for yet
const held = new Map(); // id → row (null: gone) that came while the page was paused

// --- asking ---

async function ask(url, query) {
  const search = new URLSearchParams(new FormData(filter));
  for (const [name, value] of Object.entries(query)) {
    search.set(name, value);
  }
  const answer = await fetch(`${url}?${search}`, { headers: { "HX-Request": "true" } }).catch(
    (error) => {
      throw new Unanswered(error.message);
    },
  );
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    location.reload(); // signed out: the page itself says so
  }
  if (!answer.ok) {
    throw new Unanswered(`The server answered ${answer.status}.`);
  }
  return { html: await answer.text(), more: Number(answer.headers.get("Gatehouse-More") ?? 0) };
}

async function askRows(query) {
  const asking = era;
  const { html, more } = await ask(root.dataset.streamUrl, query);
  if (asking !== era) {
    throw new Unanswered("The filter changed meanwhile.");
  }
  return { found: parseRows(html), more };
}

// Nobody looks, or the server is away: what is missed is asked for afterwards.
const isAway = () => document.hidden || document.documentElement.dataset.live !== "open";

const refresh = coalescer(async () => {
  if (isAway()) {
    hasGap = true;
    changed.clear();
    return;
  }
  if (hasGap || changed.size > MOST_ROWS) {
    const wasStale = isStale || changed.size > MOST_ROWS;
    hasGap = false;
    isStale = false;
    changed.clear();
    try {
      await fillGap();
      await (wasStale ? checkShown() : null);
    } catch (error) {
      hasGap = true;
      isStale ||= wasStale;
      throw error;
    }
    return;
  }
  const ids = [...changed].slice(0, IDS_AT_ONCE);
  if (ids.length === 0) {
    return;
  }
  ids.forEach((id) => changed.delete(id));
  try {
    const { found } = await askRows({ ids: ids.join(",") });
    take(found, ids);
  } catch (error) {
    hasGap = true;
    isStale = true;
    throw error;
  }
  if (changed.size > 0) {
    refresh();
  }
});

const newest = () => [rows.newestId(), ...held.keys()].reduce((a, b) => (b > a ? b : a));

async function fillGap() {
  const before = rows.latestVersion();
  if (!newest()) {
    take((await askRows({})).found, []);
    return;
  }
  for (;;) {
    const { found, more } = await askRows({ after: newest() });
    take(found, []);
    if (more === 0) {
      break;
    }
    if (more >= MOST_ROWS) {
      // More was missed than the page keeps.
      hasGap = isPaused;
      await (isPaused ? null : reload());
      return;
    }
  }
  if (before) {
    let since = new Date(Date.parse(before) - OVERLAP_MS).toISOString();
    for (;;) {
      const { found, more } = await askRows({ since, from: rows.oldestId() });
      take(found, []);
      const latest = found.at(-1)?.dataset.version;
      if (more === 0 || !latest || latest === since) {
        break;
      }
      since = latest;
    }
  }
}

async function checkShown() {
  const waiting = [...held].filter(([id, row]) => row && !rows.find(id)).map(([id]) => id);
  const shown = [...rows.ids(), ...waiting];
  for (let from = 0; from < shown.length; from += SHOWN_AT_ONCE) {
    const ids = shown.slice(from, from + SHOWN_AT_ONCE);
    take((await askRows({ ids: ids.join(",") })).found, ids);
  }
}

async function reload() {
  const { found } = await askRows({});
  held.clear();
  rows.replace(found);
  older.hidden = found.length < pageLength;
  showHeld();
}

// --- showing ---

function take(found, asked) {
  if (!isPaused) {
    tell(rows.merge(found, { asked }));
    return;
  }
  const came = new Set(found.map((row) => row.dataset.visit));
  for (const id of asked) {
    if (!came.has(id)) {
      held.set(id, null);
    }
  }
  for (const row of found) {
    held.set(row.dataset.visit, row);
  }
  while (held.size > 2 * MOST_ROWS) {
    held.delete(held.keys().next().value);
  }
  showHeld();
}

function showHeld() {
  const top = rows.newestId();
  const count = [...held].filter(([id, row]) => row && id > top && !rows.find(id)).length;
  newCount.hidden = count === 0;
  newCount.textContent = `${count >= MOST_ROWS ? `${MOST_ROWS} or more` : count} new`;
}

function setPaused(value) {
  isPaused = value;
  pause.setAttribute("aria-pressed", String(isPaused));
  swapButton(pause, isPaused ? "play" : "pause", isPaused ? "Go on" : "Pause");
  if (!isPaused) {
    const found = [...held.values()].filter(Boolean);
    const asked = [...held.keys()];
    held.clear();
    take(found, asked);
    refresh();
  }
  showHeld();
}

function tell(changes) {
  const names = [];
  for (const { row, from, isNew } of changes) {
    const { state, name, place } = row.dataset;
    if (state !== from) {
      ring(state);
      if (state === "confirmed" && (isNew || from)) {
        names.push(`${name}, ${place}`);
      }
    }
  }
  say(names);
}

let toSay = [];
let sayTimer = 0;

// For screen readers: names that became certain, a few seconds of them at a time.
function say(names) {
  toSay.push(...names);
  if (toSay.length > 0 && !sayTimer) {
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      const [one, ...rest] = toSay;
      said.textContent = rest.length > 0 ? `${one}, and ${rest.length} more` : one;
      toSay = [];
    }, SAID_MS);
  }
}

function swapButton(button, icon, label) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  button.querySelector("span").textContent = label;
}

// --- the cameras and the counts ---

const refreshTiles = coalescer(
  async () => {
    if (isAway()) {
      return;
    }
    const { html } = await ask(root.dataset.tilesUrl, {});
    const next = tiles.cloneNode(false);
    next.innerHTML = html;
    morph(tiles, next);
  },
  // After the rows: both at once would make the names wait.
  { pauseMs: TILES_PAUSE_MS, burst: 0, afterMs: TILES_AFTER_MS },
);

tiles.addEventListener("click", (event) => {
  const link = event.target.closest("[data-camera]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  const choice = filter.elements.camera;
  choice.value = choice.value === link.dataset.camera ? "" : link.dataset.camera;
  filterChanged();
});

// --- what happens ---

document.addEventListener("live:visits.changed", ({ detail }) => {
  for (const event of detail.events) {
    event.ids.forEach((id) => changed.add(id));
    // Whoever sees certain people only is told that something happened, and not what.
    hasGap ||= event.ids.length === 0;
  }
  refresh();
  refreshTiles();
});
document.addEventListener("live:cameras.changed", refreshTiles);
document.addEventListener("live:reconnected", () => {
  isStale = true;
});
document.addEventListener("live:opened", fill);
document.addEventListener("visibilitychange", () => {
  isStale = true;
  fill();
});
setInterval(() => {
  checks += 1;
  isStale ||= checks % CHECKS_OF_SHOWN === 0;
  fill();
}, CHECK_MS);
fill();

function fill() {
  hasGap = true;
  refresh();
  refreshTiles();
}

pause.addEventListener("click", () => setPaused(!isPaused));
newCount.addEventListener("click", () => {
  setPaused(false);
  window.scrollTo({ top: 0 });
});
older.addEventListener("click", async () => {
  const { found } = await askRows({ before: rows.oldestId() });
  rows.merge(found, { older: true });
  older.hidden ||= found.length < pageLength;
});

let typing = 0;
filter.addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(filterChanged, event.target.type === "search" ? TYPING_MS : 0);
});
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  filterChanged();
});

async function filterChanged() {
  era += 1;
  const query = new URLSearchParams(
    [...new FormData(filter)].filter(([, value]) => value !== ""),
  ).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  refreshTiles();
  try {
    await reload();
  } catch {
    fill();
  }
}

startKeys({ list, filter, onPause: () => setPaused(!isPaused) });
