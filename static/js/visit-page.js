/* The page of one visit: reads itself again when an event names it. */

const detail = document.querySelector("[data-visit-page]");
const refresh = () => detail.dispatchEvent(new CustomEvent("live:refresh"));

document.addEventListener("live:visits.changed", ({ detail: { events } }) => {
  if (events.some(({ ids }) => ids.length === 0 || ids.includes(detail.dataset.visitPage))) {
    refresh();
  }
});
document.addEventListener("live:opened", refresh);
