/* The choices of a report: dates to be typed are shown only where no word names them, and a choice
 * is shown at once. Without this script everything is shown, and the button sends it. */

const form = document.querySelector("[data-report-choices]");

if (form) {
  const span = form.elements.span;
  const dates = form.querySelectorAll("[data-report-dates]");

  const settle = () => {
    for (const field of dates) {
      field.hidden = span.value !== "dates";
    }
  };

  settle();
  form.addEventListener("change", (event) => {
    settle();
    const isTyped = event.target.type === "date" || event.target.type === "search";
    if (!isTyped && span.value !== "dates") {
      form.requestSubmit();
    }
  });
}
