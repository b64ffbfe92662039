// A text field that grows: CSS does it where it can (field-sizing), this where it cannot; Enter sends where asked.
import { mount } from "./mount.js";

mount("textarea[data-autosize]", (area) => {
  if (!CSS.supports("field-sizing", "content")) {
    const fit = () => {
      area.rows = 1;
      while (area.scrollHeight > area.clientHeight + 2 && area.rows < 12) area.rows += 1;
    };
    area.addEventListener("input", fit);
    fit();
  }
});

// data-send="enter": Enter sends, Shift+Enter breaks the line; data-send="ctrl": Ctrl+Enter (or ⌘) sends.
mount("textarea[data-send]", (area) => {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
    const combined = event.ctrlKey || event.metaKey;
    // On a phone Enter is the only way to a new line; the button sends
    if (!combined && (area.dataset.send !== "enter" || matchMedia("(pointer: coarse)").matches)) return;
    event.preventDefault();
    area.form.requestSubmit();
  });
});
