// Copies: <button data-copy="#id"> the field's value, <button data-copy-text="…"> the text itself.
import { mount } from "./mount.js";
import { toast } from "./toast.js";
import { word } from "./words.js";

mount("[data-copy], [data-copy-text]", (button) => {
  button.addEventListener("click", async () => {
    const field = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
    const text = button.dataset.copyText ?? field?.value ?? field?.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      field?.select?.(); // no clipboard without https: leave it selected for Ctrl+C
      toast({ text: word("copy-failed"), tone: "wait" });
      return;
    }
    toast({ text: word("copied"), tone: "gain" });
  });
});

mount("[data-select-all]", (field) => field.addEventListener("focus", () => field.select()));
