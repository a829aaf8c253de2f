/* Native <dialog>: opened by data-dialog-open="id", closed by data-dialog-close, Escape or a
 * click beside it. */

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) {
    throw new Error(`There is no <dialog id="${id}"> on this page.`);
  }
  if (!dialog.open) {
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("dialog:open", { bubbles: true }));
  }
  return dialog;
}

export function closeDialog(element) {
  element.closest("dialog")?.close();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      event.preventDefault();
      opener.closest("details[data-menu]")?.removeAttribute("open");
      openDialog(opener.dataset.dialogOpen);
      return;
    }
    if (event.target.closest("[data-dialog-close]")) {
      closeDialog(event.target);
      return;
    }
    // The backdrop counts as the dialog itself; its content does not.
    if (event.target instanceof HTMLDialogElement && isOutside(event)) {
      event.target.close();
    }
  });

  // What is read anew behind a dialog leaves the one that somebody is answering as it was opened.
  document.addEventListener("htmx:before:morph:node", (event) => {
    if (event.detail.oldNode instanceof HTMLDialogElement && event.detail.oldNode.open) {
      event.preventDefault();
    }
  });

  document.addEventListener("dialog:close", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) {
      dialog.close();
    }
  });
}

function isOutside(event) {
  const box = event.target.getBoundingClientRect();
  return (
    event.clientX < box.left ||
    event.clientX > box.right ||
    event.clientY < box.top ||
    event.clientY > box.bottom
  );
}
