// Toasts. From the server: the header HX-Trigger: {"toast": {"text": "…", "tone": "gain", "undo": "/url/"}},
// a swap of templates/ui/toast.html into #toasts, or Django's messages. From a script: toast({…}).
import htmx from "htmx.org";
import { mount } from "./mount.js";

const STAY = { undo: 8000, plain: 5000, loss: 12000 };

/** Shows one: text, tone (gain, loss, wait or none), undo (URL to POST), undoLabel, href and label for a link. */
export function toast({ text, tone = "", undo, undoLabel, href, label }) {
  const region = document.getElementById("toasts");
  const blank = document.getElementById("toast-blank");
  if (!region || !blank || !text) return;
  const box = blank.content.firstElementChild.cloneNode(true);
  if (tone) box.classList.add(`mz-toast--${tone}`);
  for (const icon of box.querySelectorAll("[data-tone]")) icon.dataset.tone === tone || icon.remove();
  box.querySelector("[data-toast-text]").textContent = text;
  const back = box.querySelector("[data-toast-undo]");
  const link = box.querySelector("[data-toast-link]");
  if (undo) {
    back.setAttribute("hx-post", undo);
    if (undoLabel) back.textContent = undoLabel;
  } else back.remove();
  if (href) {
    link.href = href;
    link.textContent = label;
  } else link.remove();
  region.append(box);
  htmx.process(box);
  return box;
}

mount("[data-toast]", (box) => {
  const leave = () => {
    box.classList.add("mz-toast--leaving");
    setTimeout(() => box.remove(), 200);
  };
  const stay = box.querySelector("[data-toast-undo]") ? STAY.undo : box.matches(".mz-toast--loss") ? STAY.loss : STAY.plain;
  let timer = setTimeout(leave, stay);
  // Whoever reads or reaches for it has all the time
  for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, () => { clearTimeout(timer); timer = setTimeout(leave, stay); });
  box.addEventListener("click", (event) => event.target.closest("[data-toast-close]") && leave());
  box.addEventListener("htmx:after:request", ({ detail }) => detail.ctx.response?.status < 400 && leave());
});

/** htmx fires HX-Trigger on the element that asked; when its row is gone by then, the event is lost. */
document.addEventListener("htmx:before:response", ({ detail }) => {
  const header = detail.ctx.hx?.trigger;
  if (!header?.startsWith("{")) return;
  const { toast: said, ...others } = JSON.parse(header);
  if (!said) return;
  toast(typeof said === "string" ? { text: said } : said);
  detail.ctx.hx.trigger = Object.keys(others).length ? JSON.stringify(others) : undefined;
});
