/* The form of a rule: only what its event and its hours need. Hidden fields keep their values. */

const form = document.querySelector("[data-rule-form]");

function show() {
  const event = form.elements.event.value;
  for (const part of form.querySelectorAll("[data-for-events]")) {
    part.hidden = !part.dataset.forEvents.split(" ").includes(event);
  }
  for (const part of form.querySelectorAll("[data-for-hours]")) {
    part.hidden = form.elements.hours.value !== part.dataset.forHours;
  }
}

form.addEventListener("change", show);
window.addEventListener("pageshow", show);
show();
