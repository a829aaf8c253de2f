/* The region of a camera, drawn on its last still: corners are handles that are dragged, or focused
 * and moved by the arrow keys. What is drawn is kept in a hidden field as fractions of the sides. */
const MIN_CORNERS = 3;
const MAX_CORNERS = 20;
const STEP = 0.01;
const LARGE_STEP = 0.05;
const INSET = 0.15;

const form = document.querySelector("[data-region]");
const find = (name) => form.querySelector(`[data-region-${name}]`);
const field = form.querySelector("[name=corners]");
const still = find("still");
const holder = find("corners");
const tools = {
  draw: find("draw"),
  add: find("add"),
  remove: find("remove"),
  reset: find("reset"),
  save: find("save"),
};

const saved = field.value;
let corners = read(field.value);
let chosen = 0;

tools.draw.addEventListener("click", () => {
  const far = 1 - INSET;
  change([[INSET, INSET], [far, INSET], [far, far], [INSET, far]], { focus: 0 });
});
tools.reset.addEventListener("click", () => {
  change([]);
  tools.draw.focus();
});
tools.add.addEventListener("click", () => {
  const [here, next] = [corners[chosen], corners[(chosen + 1) % corners.length]];
  const middle = [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2];
  change(corners.toSpliced(chosen + 1, 0, middle), { focus: chosen + 1 });
});
tools.remove.addEventListener("click", () => removeChosen());

holder.addEventListener("focusin", (event) => choose(event.target));
holder.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest("button");
  if (!handle) {
    return;
  }
  choose(handle);
  handle.setPointerCapture(event.pointerId);
});
// A picture that is dragged itself would end the pointer's capture.
holder.parentElement.addEventListener("dragstart", (event) => event.preventDefault());
holder.addEventListener("pointermove", (event) => {
  if (!event.target.hasPointerCapture?.(event.pointerId)) {
    return;
  }
  const box = holder.parentElement.getBoundingClientRect();
  move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
holder.addEventListener("keydown", (event) => {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    removeChosen();
  } else if (event.key in ways) {
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const [x, y] = ways[event.key];
    move(corners[chosen][0] + x * step, corners[chosen][1] + y * step);
  }
});

new MutationObserver(showStill).observe(document.querySelector("[data-connection]"), {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["data-still-at"],
});

draw();
showStill();

function read(text) {
  try {
    const found = JSON.parse(text);
    const isPoint = (one) => Array.isArray(one) && one.length === 2 && one.every(Number.isFinite);
    return Array.isArray(found) && found.every(isPoint) ? found : [];
  } catch {
    return [];
  }
}

function choose(handle) {
  const index = [...holder.children].indexOf(handle);
  if (index >= 0 && index !== chosen) {
    chosen = index;
    draw();
  }
}

function move(x, y) {
  corners[chosen] = [within(x), within(y)];
  draw();
}

function removeChosen() {
  if (corners.length > MIN_CORNERS) {
    change(corners.toSpliced(chosen, 1), { focus: Math.max(0, chosen - 1) });
  }
}

function change(next, { focus } = {}) {
  corners = next;
  chosen = focus ?? 0;
  draw();
  if (focus !== undefined) {
    holder.children[focus].focus();
  }
}

function within(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}

function draw() {
  field.value = JSON.stringify(corners);
  const points = corners.map(([x, y]) => `${x * 1000},${y * 1000}`);
  find("shape").setAttribute("points", points.join(" "));
  const hole = points.length ? `M0,0H1000V1000H0ZM${points.join("L")}Z` : "";
  find("outside").setAttribute("d", hole);
  drawHandles();

  const isDrawn = corners.length > 0;
  tools.draw.hidden = isDrawn;
  for (const name of ["add", "remove", "reset"]) {
    tools[name].hidden = !isDrawn;
  }
  tools.add.disabled = corners.length >= MAX_CORNERS;
  tools.remove.disabled = corners.length <= MIN_CORNERS;
  const isChanged = field.value !== JSON.stringify(read(saved));
  tools.save.disabled = !isChanged;
  find("words").textContent = words(isDrawn, isChanged);
}

function words(isDrawn, isChanged) {
  const what = isDrawn
    ? `A region of ${corners.length} corners; ${place(chosen)}.`
    : "The whole picture is looked at.";
  return isChanged ? `${what} Not saved yet.` : what;
}

function drawHandles() {
  while (holder.children.length > corners.length) {
    holder.lastElementChild.remove();
  }
  while (holder.children.length < corners.length) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "c-region__corner";
    holder.append(handle);
  }
  for (const [index, handle] of [...holder.children].entries()) {
    handle.style.left = `${corners[index][0] * 100}%`;
    handle.style.top = `${corners[index][1] * 100}%`;
    handle.setAttribute("aria-label", place(index));
    handle.setAttribute("aria-pressed", String(index === chosen));
  }
}

function place(index) {
  const [x, y] = corners[index].map((value) => Math.round(value * 100));
  return `corner ${index + 1}: ${x} % from the left, ${y} % from the top`;
}

/* A new still is shown as it comes, though not under a hand that is drawing. */
function showStill() {
  const at = document.querySelector("[data-still-at]")?.dataset.stillAt;
  if (!at || still.src.endsWith(`?at=${at}`) || holder.contains(document.activeElement)) {
    return;
  }
  still.src = `${form.dataset.stillUrl}?at=${at}`;
  still.hidden = false;
  find("empty").hidden = true;
  find("tools").hidden = false;
}
