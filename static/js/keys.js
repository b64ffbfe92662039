// Keys by their place on the keyboard (event.code), so that they work on a Russian layout too.
// data-key="KeyE" or "Ctrl+KeyK" presses (or focuses) the element; data-key-list: J and K walk its links;
// "?" lists what the page has (templates/ui/keys.html); one switch turns single keys off (WCAG 2.1.4).
import { mount } from "./mount.js";

const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");
const shown = (element) => element.getClientRects().length > 0 && !element.closest("[inert]");

function enabled() {
  try {
    return localStorage.getItem("marzha.keys") !== "off";
  } catch {
    return true;
  }
}

function walk(step) {
  const list = [...document.querySelectorAll("[data-key-list]")].find(shown);
  if (!list) return false;
  const rows = [...list.querySelectorAll("a[href], [data-key-row]")].filter(shown);
  const focused = rows.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)] ?? rows[0];
  row?.focus();
  if (row && list.dataset.keyList === "open") row.click();
  return Boolean(row);
}

function press(code) {
  const element = [...document.querySelectorAll(`[data-key~="${code}"]`)].find(shown);
  if (!element) return false;
  element.matches("input:not([type=checkbox], [type=radio]), textarea, select") ? element.focus() : element.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.isComposing || event.altKey) return;
  const combined = event.ctrlKey || event.metaKey;
  if (!combined && (typing(event.target) || !enabled() || document.querySelector("dialog[open]"))) return;
  const code = `${combined ? "Ctrl+" : ""}${event.code}`;
  let hit = false;
  if (!combined && (event.key === "?" || (event.code === "Slash" && event.shiftKey))) {
    document.getElementById("ui-keys")?.showModal();
    hit = true;
  } else if (!event.shiftKey) {
    hit = (code === "KeyJ" && walk(1)) || (code === "KeyK" && walk(-1)) || press(code);
  }
  if (hit) event.preventDefault();
});

const name = (code) => code.replace(/Key|Digit/, "").replace("Slash", "/").replace("Ctrl+", "Ctrl ");

mount("#ui-keys", (dialog) => {
  const list = dialog.querySelector("[data-keys-here]");
  const row = (code, text) => {
    const key = document.createElement("dt");
    const meaning = document.createElement("dd");
    key.append(Object.assign(document.createElement("kbd"), { textContent: name(code) }));
    meaning.textContent = text;
    list.append(key, meaning);
  };
  dialog.addEventListener("toggle", () => {
    if (!dialog.open) return;
    list.replaceChildren();
    const seen = new Set();
    for (const element of [...document.querySelectorAll("[data-key]")].filter(shown)) {
      for (const code of element.dataset.key.split(" ")) {
        if (seen.has(code)) continue;
        seen.add(code);
        row(code, element.dataset.keyLabel || element.getAttribute("aria-label") || element.textContent.trim());
      }
    }
  });
  const toggle = dialog.querySelector("[data-keys-switch]");
  toggle.checked = enabled();
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem("marzha.keys", toggle.checked ? "on" : "off");
    } catch { /* storage is off: single keys stay on */ }
  });
});
