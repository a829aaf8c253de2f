/* Small behaviours bound to data attributes: menus, copying, showing passwords, dropping files. */
import { toast } from "./toasts.js";

const COPIED_MS = 2000;

export function startWidgets() {
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", closeMenuOnEscape);
  document.addEventListener("click", copyText);
  document.addEventListener("click", revealPassword);
  document.addEventListener("click", printPage);
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(type, dragOver);
  }
  showCurrentTab();
}

/* A row of tabs that is wider than the page begins where the reader is. */
function showCurrentTab() {
  for (const current of document.querySelectorAll(".c-tabs > [aria-current]")) {
    const tabs = current.parentElement;
    tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
  }
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const isOwnSummary = menu.querySelector("summary").contains(event.target);
    const isChoice = event.target.closest(".c-menu__item") && menu.contains(event.target);
    if (!menu.contains(event.target) || (isChoice && !isOwnSummary)) {
      menu.open = false;
    }
  }
}

function closeMenuOnEscape(event) {
  if (event.key !== "Escape") {
    return;
  }
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

async function copyText(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Browsers copy only over HTTPS or on localhost.
    toast("This browser does not allow copying here. Select the text instead.", {
      kind: "warning",
    });
    return;
  }
  const use = button.querySelector("use");
  const before = use.getAttribute("href");
  use.setAttribute("href", before.replace(/#.*/, "#check"));
  toast("Copied", { kind: "success" });
  setTimeout(() => use.setAttribute("href", before), COPIED_MS);
}

function printPage(event) {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
}

function revealPassword(event) {
  const button = event.target.closest("[data-reveal]");
  if (!button) {
    return;
  }
  const input = document.getElementById(button.dataset.reveal);
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, show ? "#eye-off" : "#eye"));
}

function dragOver(event) {
  const zone = event.target.closest?.("[data-dropzone]");
  if (!zone) {
    return;
  }
  if (event.type === "dragleave" && zone.contains(event.relatedTarget)) {
    return;
  }
  zone.classList.toggle("is-over", event.type === "dragenter" || event.type === "dragover");
}
