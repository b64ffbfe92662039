// The switch of three: <div data-theme-switch> with buttons data-theme-choice="light|dark|system".
import { mount } from "./mount.js";

function current() {
  try {
    return localStorage.getItem("marzha.theme") || "system";
  } catch {
    return "system";
  }
}

mount("[data-theme-switch]", (box) => {
  const show = (choice) => {
    for (const button of box.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  };
  box.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-choice]")?.dataset.themeChoice;
    if (!choice) return;
    document.dispatchEvent(new CustomEvent("theme:choose", { detail: choice }));
    show(choice);
  });
  show(current());
});
