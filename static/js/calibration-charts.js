/* Charts that are read point by point: the pointer picks the nearest one, the arrow keys move along
 * them, and what a point says stands below the chart, where it is also read out. */

// Also after a part of the page was swapped: everything is found anew from where the event was.
document.addEventListener("pointermove", (event) => {
  const plot = event.target.closest?.("[data-chart-plot]");
  if (plot) {
    show(plot, nearest(plot, event.clientX));
  }
});

document.addEventListener("pointerdown", (event) => {
  const plot = event.target.closest?.("[data-chart-plot]");
  if (plot) {
    show(plot, nearest(plot, event.clientX));
  }
});

document.addEventListener("focusin", (event) => {
  const plot = event.target.closest?.("[data-chart-plot]");
  if (plot && !plot.querySelector(".is-shown")) {
    show(plot, Number(plot.closest("[data-chart]").dataset.start));
  }
});

document.addEventListener("keydown", (event) => {
  const plot = event.target.closest?.("[data-chart-plot]");
  if (!plot || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const points = pointsOf(plot);
  const at = points.findIndex((point) => point.classList.contains("is-shown"));
  const page = Math.max(2, Math.round(points.length / 10));
  const to = {
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    PageUp: at + page,
    PageDown: at - page,
    Home: 0,
    End: points.length - 1,
  }[event.key];
  if (to === undefined) {
    return;
  }
  event.preventDefault();
  show(plot, to);
  bringIntoView(plot);
});

function pointsOf(plot) {
  return leftToRight([...plot.querySelectorAll("[data-chart-point]")]);
}

function leftToRight(points) {
  const across = (point) => Number(point.getAttribute("cx"));
  return points.length > 1 && across(points[0]) > across(points.at(-1)) ? points.reverse() : points;
}

function nearest(plot, clientX) {
  const box = plot.querySelector("svg").getBoundingClientRect();
  const x = ((clientX - box.left) / box.width) * 640;
  let best = 0;
  let least = Infinity;
  pointsOf(plot).forEach((point, number) => {
    const apart = Math.abs(Number(point.getAttribute("cx")) - x);
    if (apart < least) {
      [best, least] = [number, apart];
    }
  });
  return best;
}

// On a phone the picture is wider than its frame.
function bringIntoView(plot) {
  const point = plot.querySelector("[data-chart-point].is-shown");
  const across = (Number(point?.getAttribute("cx")) / 640) * plot.scrollWidth;
  plot.scrollLeft = across - plot.clientWidth / 2;
}

function show(plot, wanted) {
  const points = pointsOf(plot);
  const point = points[Math.min(points.length - 1, Math.max(0, wanted))];
  if (!point || point.classList.contains("is-shown")) {
    return;
  }
  for (const other of points) {
    other.classList.toggle("is-shown", other === point);
  }
  const cursor = plot.querySelector("[data-chart-cursor]");
  cursor.setAttribute("x1", point.getAttribute("cx"));
  cursor.setAttribute("x2", point.getAttribute("cx"));
  cursor.classList.add("is-shown");
  plot.closest("[data-chart]").querySelector("[data-chart-said]").textContent =
    point.dataset.chartPoint;
}
