// <input type="tel" data-phone>: a Russian number gets its blanks while it is typed; others stay as they are.
import { mount } from "./mount.js";

/** "89131234567" or "9131234567" → "+7 913 123-45-67"; what is no Russian number comes back as typed. */
export function pretty(text) {
  let digits = text.replace(/\D/g, "");
  if (text.trim().startsWith("+") && !digits.startsWith("7")) return text;
  if (/^[78]/.test(digits)) digits = digits.slice(1);
  else if (!digits.startsWith("9")) return text;
  if (digits.length > 10) return text;
  const parts = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6, 8), digits.slice(8, 10)].filter(Boolean);
  return `+7 ${parts[0] ?? ""}${parts[1] ? ` ${parts[1]}` : ""}${parts[2] ? `-${parts[2]}` : ""}${parts[3] ? `-${parts[3]}` : ""}`.trimEnd();
}

mount("input[data-phone]", (input) => {
  input.addEventListener("input", (event) => {
    // Only while one appends at the end: nobody's cursor jumps in the middle of a correction
    if (event.inputType?.startsWith("delete") || input.selectionStart !== input.value.length) return;
    input.value = pretty(input.value);
  });
  input.addEventListener("blur", () => { input.value = pretty(input.value); });
});
