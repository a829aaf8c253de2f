/*
 * What somebody does before the page's scripts are there is kept and done once they are: a plain
 * script in <head>, not a module. Links and forms need no script and are not kept.
 */
(() => {
  // Modules have run when the document says that its content is loaded, and not before.
  const kept = [];
  const kinds = ["click", "input", "change"];

  // What sends a form waits only for what was pressed before it, such as the form's own "Clear".
  const pressed = (event) => {
    const waits = kept.some(({ type }) => type === "click");
    return event.target.closest(waits ? "button" : 'button[type="button"]');
  };

  const keep = (event) => {
    const target = event.type === "click" ? pressed(event) : event.target;
    if (!target || target.disabled) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // An impatient second press asks for the same as the first.
    const before = kept.findIndex((one) => one.type === event.type && one.target === target);
    if (before >= 0) {
      kept.splice(before, 1);
    }
    kept.push({ type: event.type, target });
  };

  const repeat = ({ type, target }) => {
    if (!target.isConnected) {
      return;
    }
    if (type === "click") {
      target.click();
    } else {
      target.dispatchEvent(new Event(type, { bubbles: true }));
    }
  };

  for (const kind of kinds) {
    window.addEventListener(kind, keep, { capture: true });
  }
  document.addEventListener("DOMContentLoaded", () => {
    // After every other listener of this event, htmx's among them.
    setTimeout(() => {
      for (const kind of kinds) {
        window.removeEventListener(kind, keep, { capture: true });
      }
      kept.forEach(repeat);
    });
  });
})();
