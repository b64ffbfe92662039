// The button, the frame and their manners: opens, closes, counts, remembers.
import { sheet } from "./sheet.js";

const NARROW = "(max-width: 480px)";
const SLOW = 5000;
const DRAWN = {
  open: "M8 9h8M8 13h6M18 4a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3h-5l-5 3v-3H6a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z",
  close: "M6 9l6 6l6-6",
};

function keeper(storage, name) {
  return {
    get: () => { try { return storage().getItem(name); } catch { return null; } },
    set: (value) => { try { value ? storage().setItem(name, value) : storage().removeItem(name); } catch { /* storage is off */ } },
  };
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function sign(path) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: 28, height: 28, fill: "none", stroke: "currentColor", "stroke-width": 1.75, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) picture.setAttribute(key, value);
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
}

export function panel({ base, name, words, opened }) {
  const wasOpen = keeper(() => sessionStorage, `marzha.open ${base}`);
  const hasMet = keeper(() => localStorage, `marzha.met ${base}`);
  const holder = make("div");
  holder.dataset.marzha = base;
  const shadow = holder.attachShadow({ mode: "open" });
  sheet(shadow);

  const badge = make("span", { className: "badge", hidden: true });
  const button = make("button", { type: "button", className: "button" }, sign(DRAWN.open), badge);
  const apart = make("a", { className: "apart", href: base, target: "_blank", rel: "noopener", textContent: words.apart, hidden: true });
  const box = make("div", { className: "box", hidden: true }, apart);
  button.setAttribute("aria-expanded", "false");
  shadow.append(box, button);
  document.body.append(holder);

  let frame = null, open = false, count = 0, slow;

  function label() {
    const text = open ? words.close : count ? `${words.open}. ${words.unread}: ${count}` : words.open;
    button.setAttribute("aria-label", text);
    button.title = open ? words.close : words.open;
    badge.hidden = open || !count;
    badge.textContent = count > 99 ? "99+" : count;
    button.firstChild.replaceWith(sign(open ? DRAWN.close : DRAWN.open));
  }

  function load() {
    if (frame) return;
    frame = make("iframe", { src: base, title: `${words.title}: ${name}`, referrerPolicy: "strict-origin-when-cross-origin" });
    box.append(frame);
    // The site's own rules may keep the frame empty: then the chat opens in a window of its own
    slow = setTimeout(() => { apart.hidden = false; }, SLOW);
  }

  function turn(to) {
    if (open === to) return;
    open = to;
    if (open) load();
    box.hidden = !open;
    holder.toggleAttribute("data-open", open);
    button.setAttribute("aria-expanded", String(open));
    wasOpen.set(open ? "1" : "");
    if (open) count = 0;
    label();
    opened(open);
    if (open) frame.focus();
    else button.focus();
  }

  button.addEventListener("click", () => turn(!open));
  shadow.addEventListener("keydown", (event) => event.key === "Escape" && turn(false));
  label();
  // Who talked here before sees answers come; who left it open finds it open on the next page, but never a phone
  if (wasOpen.get() && !matchMedia(NARROW).matches) turn(true);
  else if (hasMet.get()) (window.requestIdleCallback ?? setTimeout)(load);

  return {
    window: () => frame?.contentWindow,
    isOpen: () => open,
    close: () => turn(false),
    ready() {
      clearTimeout(slow);
      apart.hidden = true;
    },
    unread(found) {
      count = open ? 0 : found;
      label();
    },
    met: () => hasMet.set("1"),
  };
}
