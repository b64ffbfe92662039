// Dialogs: data-dialog-open="id" opens, data-dialog-close closes, a click beside closes;
// <dialog data-dialog-now> (swapped in by htmx) opens at once and leaves the page when closed.
import { mount } from "./mount.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    document.getElementById(opener.dataset.dialogOpen)?.showModal();
    event.preventDefault();
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog")?.close();
});

mount("dialog", (dialog) => {
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => { pressed = event.target; });
  dialog.addEventListener("click", (event) => {
    // Both ends of the click on the backdrop: a drag that began in a field must not throw the text away
    if (event.target === dialog && pressed === dialog && event.detail) dialog.close();
  });
  dialog.addEventListener("dialog:close", () => dialog.close()); // sent by the server with HX-Trigger
  dialog.addEventListener("toggle", () => {
    // The closing cross stands first in the page, yet nobody opens a dialog to reach it
    if (!dialog.open || !document.activeElement?.matches("[data-dialog-close]")) return;
    const field = dialog.querySelector("input:not([type=hidden], [readonly]), textarea, select");
    if (field && matchMedia("(pointer: fine)").matches) return field.focus();
    dialog.tabIndex = -1; // a thumb asks for the keyboard itself
    dialog.focus();
  });
});

mount("dialog[data-dialog-now]", (dialog) => {
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  dialog.showModal();
});
