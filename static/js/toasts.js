/* Short messages in the corner: from scripts, from Django's messages, and from htmx answers with
 * the header HX-Trigger: {"toast": {"message": …, "kind": …}}. */

const SHOWN_MS = 6000;
const SHOWN_WITH_ACTION_MS = 12000;
const MOST_AT_ONCE = 4;

export function toast(message, { kind = "info", actionLabel, actionUrl, actionMethod } = {}) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  const item = template.content.firstElementChild.cloneNode(true);
  item.classList.add(`c-toast--${kind}`);
  item.querySelector(".c-toast__text").textContent = message;
  showIcon(item, kind);
  if (actionLabel && actionUrl) {
    item.querySelector(".c-toast__text").after(action(actionLabel, actionUrl, actionMethod));
  }
  while (region.children.length >= MOST_AT_ONCE) {
    region.firstElementChild.remove();
  }
  moveInto(topLayerHome());
  region.append(item);
  expire(item, kind, Boolean(actionLabel));
  return item;
}

export function startToasts() {
  for (const item of document.querySelectorAll("#toasts [data-toast]")) {
    const kind = item.classList.contains("c-toast--danger") ? "danger" : "info";
    expire(item, kind, Boolean(item.querySelector(".c-toast__action")));
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) {
      event.target.closest("[data-toast]").remove();
    }
  });
  // "close" does not bubble; it can be caught on its way down.
  document.addEventListener("close", () => moveInto(topLayerHome()), true);
  document.addEventListener("toast", (event) => {
    const { message, value, ...options } = event.detail;
    toast(message ?? value, options);
  });
}

function moveInto(home) {
  const region = document.getElementById("toasts");
  if (region.parentElement !== home) {
    home.append(region);
  }
}

function showIcon(item, kind) {
  const wanted =
    item.querySelector(`[data-toast-icon="${CSS.escape(kind)}"]`) ??
    item.querySelector('[data-toast-icon="info"]');
  wanted.replaceWith(wanted.firstElementChild);
  for (const other of item.querySelectorAll("[data-toast-icon]")) {
    other.remove();
  }
}

function action(label, url, method = "get") {
  if (method.toLowerCase() === "post") {
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      button.closest("[data-toast]").remove();
      window.htmx.ajax("POST", url, { source: document.body, swap: "none" });
    });
    button.className = "c-toast__action";
    button.textContent = label;
    return button;
  }
  const link = document.createElement("a");
  link.href = url;
  link.className = "c-toast__action";
  link.textContent = label;
  return link;
}

// An error stays until it is closed; the rest leaves, but not under the mouse or the focus.
function expire(item, kind, hasAction) {
  if (kind === "danger") {
    return;
  }
  const leave = () => {
    if (item.matches(":hover, :focus-within")) {
      setTimeout(leave, 1000);
    } else {
      item.remove();
    }
  };
  setTimeout(leave, hasAction ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}

// A modal dialog covers and silences the page: messages have to appear inside it.
function topLayerHome() {
  return [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
}
