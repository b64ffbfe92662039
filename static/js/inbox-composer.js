// The composer of a thread. A bubble with a clock appears at once, before the server has answered; when it could not
// be taken, the words are back in the field and the same key goes with them, so that a repeat is one message.
import { attachments } from "./attach.js";
import { mount } from "./mount.js";

mount("form[data-composer]", (form) => {
  const area = form.querySelector("textarea");
  const blank = form.querySelector(":scope > template");
  let bubble = null, words = "", held = [];

  form.addEventListener("htmx:before:request", (event) => {
    if (event.target !== form) return;
    const tray = attachments(form);
    words = area.value;
    if (tray.broken() || !(words.trim() || tray.count())) return event.preventDefault();
    if (tray.busy()) { // it goes by itself as soon as the last file is there
      event.preventDefault();
      form.classList.add("mz-composer--waits");
      return tray.whenReady(() => form.requestSubmit());
    }
    held = tray.take();
    bubble = blank.content.firstElementChild.cloneNode(true);
    bubble.querySelector("[data-text]").textContent = [words.trim(), ...held.map(([, entry]) => entry.name)].filter(Boolean).join("\n");
    document.querySelector(form.dataset.lines)?.append(bubble);
    document.querySelector("[data-refused]")?.replaceChildren();
    area.value = "";
  });

  form.addEventListener("htmx:finally:request", ({ target, detail }) => {
    if (target !== form) return;
    form.classList.remove("mz-composer--waits");
    if (!bubble) return;
    bubble.remove();
    bubble = null;
    // What was typed meanwhile stands behind what came back
    if (!(detail.ctx.response?.status < 400)) {
      area.value = words + (area.value ? `\n${area.value}` : "");
      attachments(form).put(held);
    }
    held = [];
    // Whoever went on to a menu or another field meanwhile stays there
    if (document.activeElement === document.body || form.contains(document.activeElement)) area.focus();
  });

  if (matchMedia("(pointer: fine)").matches && area.value) area.setSelectionRange(area.value.length, area.value.length);
});

// The note opens ready to be written and closes when it was kept
mount("details[data-note]", (details) => {
  const area = details.querySelector("textarea");
  details.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault(); // opened here and now: whoever types on at once types into the note
    details.open = !details.open;
    if (details.open) area.focus();
  });
  details.addEventListener("htmx:finally:request", ({ detail }) => {
    if (detail.ctx.response?.status < 400) details.open = false;
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    details.querySelector("summary").focus();
  });
});

// "A colleague is writing here": <div data-typing="typing-12" data-me="5">, for some seconds after each word of theirs;
// with data-of="client" it is the client who writes
mount("[data-typing]", (line) => {
  let timer;
  const hear = ({ detail }) => {
    if (!line.isConnected) return document.removeEventListener(line.dataset.typing, hear);
    const client = detail.data === "client";
    if (!detail.data || detail.data === line.dataset.me || client !== (line.dataset.of === "client")) return;
    line.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { line.hidden = true; }, 6000);
  };
  document.addEventListener(line.dataset.typing, hear);
});
