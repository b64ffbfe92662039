// The line on any site: a button in the corner and the hosted chat in a frame behind it. The server wraps this file in a
// function that gives it MARZHA: {base, name, words: {language: {…}}}. It leaves no globals and needs nothing; its looks
// live in a shadow, set through constructed sheets and properties, which a strict CSP of the site allows.
import { panel } from "./panel.js";
import { landing } from "./landing.js";

const own = document.currentScript;

function begin() {
  // Where the script came from is where the chat is; bundlers and tag managers may leave no trace of it
  const base = own?.src ? own.src.replace(/\.js(\?.*)?$/, "/") : MARZHA.base;
  const origin = new URL(base).origin;
  if (document.querySelector(`[data-marzha="${base}"]`)) return; // pasted twice
  const language = [document.documentElement.lang, ...(navigator.languages ?? [])]
    .map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => MARZHA.words[tag]) ?? Object.keys(MARZHA.words)[0];
  const told = landing();
  const chat = panel({ base, name: MARZHA.name, words: MARZHA.words[language], opened: (open) => say(open ? "shown" : "hidden") });

  const say = (type, more = {}) => chat.window()?.postMessage({ marzha: type, ...more }, origin);
  addEventListener("message", ({ source, origin: from, data }) => {
    if (from !== origin || !source || source !== chat.window() || !data) return;
    if (data.marzha === "ready") {
      chat.ready();
      say("landing", told());
      say(chat.isOpen() ? "shown" : "hidden");
    } else if (data.marzha === "unread") chat.unread(Number(data.count) || 0);
    else if (data.marzha === "close") chat.close();
    else if (data.marzha === "met") chat.met();
  });
}

if (document.body) begin();
else document.addEventListener("DOMContentLoaded", begin, { once: true });
