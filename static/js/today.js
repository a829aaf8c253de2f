/* The Today board, its lists, and who is on site: read again when days changed, as seldom as the
 * server needs.
 *
 * [data-today] holds the part, data-url says where it is read, data-filter names a form whose
 * fields go along, data-events what it follows. What a page in the background misses is read when
 * it is looked at again. */
import { Unanswered, coalescer } from "./live-refresh.js";
import { morph } from "./live-rows.js";

const TYPING_MS = 250;

for (const place of document.querySelectorAll("[data-today]")) {
  const filter = document.getElementById(place.dataset.filter);
  let wanted = 1; // of the list
  let isMissed = false;
  let era = 0; // raised by the filter: answers from before are for nobody

  const search = () => {
    const query = new URLSearchParams(filter ? new FormData(filter) : "");
    for (const [name, value] of [...query]) {
      if (!value) {
        query.delete(name);
      }
    }
    if (wanted > 1) {
      query.set("page", wanted);
    }
    return query.toString();
  };

  const refresh = coalescer(async () => {
    if (document.hidden) {
      isMissed = true;
      return;
    }
    const asking = era;
    const answer = await fetch(`${place.dataset.url}?${search()}`, {
      headers: { "HX-Request": "true" },
    }).catch((error) => {
      throw new Unanswered(error.message);
    });
    if (answer.redirected || answer.status === 401 || answer.status === 403) {
      location.reload(); // signed out: the page itself says so
      return;
    }
    if (!answer.ok || asking !== era) {
      throw new Unanswered(`The server answered ${answer.status}.`);
    }
    const next = place.cloneNode(false);
    next.innerHTML = await answer.text();
    const isTableOpen = place.querySelector("details")?.open;
    morph(place, next);
    if (isTableOpen) {
      place.querySelector("details").open = true;
    }
    place.dispatchEvent(new CustomEvent("today:read", { bubbles: true }));
  });

  wanted = Number(place.querySelector("[data-page]")?.dataset.page ?? 1);
  for (const name of (place.dataset.events ?? "attendance.changed").split(" ")) {
    document.addEventListener(`live:${name}`, refresh);
  }
  document.addEventListener("live:reconnected", refresh);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isMissed) {
      isMissed = false;
      refresh();
    }
  });

  if (filter) {
    let timer = 0;
    const narrow = () => {
      era += 1;
      wanted = 1;
      history.replaceState(null, "", `?${search()}`);
      refresh();
    };
    filter.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(narrow, event.target.matches("select") ? 0 : TYPING_MS);
    });
    filter.addEventListener("submit", (event) => {
      event.preventDefault();
      narrow();
    });
  }
}
