// The hosted chat: one's own words at once, answers live, nothing lost while there is no connection.
// Without it the same page is plain forms (templates/conversations/chat.html).
import { attachments } from "./attach.js";
import * as ours from "./chat-clock.js";
import { frame, framed } from "./chat-frame.js";
import { landing } from "./chat-landing.js";
import { list } from "./chat-list.js";
import "./lightbox.js";
import { sender } from "./chat-sender.js";
import * as stores from "./chat-store.js";
import { mount } from "./mount.js";

// Seconds between looks: while nothing is heard, and to be safe while something is
const DEAF = 4, SAFE = 45;
const DOTS_AFTER = 500, DOTS_FOR = 6000;
// Milliseconds between two hints that the visitor writes; colleagues see each for a little longer
const TELL_EVERY = 4000;

mount("[data-chat]", (room) => {
  const part = (name) => room.querySelector(`[data-chat-${name}]`);
  const word = (name) => part("words").content.querySelector(`[data-word="${name}"]`).textContent;
  const thread = room.querySelector("[data-thread]");
  const write = part("write");
  if (!write) return; // an earlier page of the thread, read without this script

  const base = location.pathname;
  const store = stores.open(`chat ${base}`);
  // A session kept here wins: in a frame on another site no cookie comes along. Save where somebody came back by their
  // link: then the page's own is the one
  const query = new URLSearchParams(location.search), back = query.has("back");
  let session = (!back && store.get("session")) || room.dataset.session;
  if (back) {
    if (session !== store.get("session")) store.set("read", 0);
    history.replaceState(history.state, "", base);
  }
  const lines = list({ room, thread, ours });
  if (session !== room.dataset.session) lines.clear();
  store.set("session", session);

  // ---------------------------------------------------------------- reading
  let reading = false, again = false, looked = 0, lineOpen = false, hears = false;

  async function read() {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      const after = lines.newest();
      const response = await fetch(`${base}messages/${after ? `?after=${after}` : ""}`, {
        headers: { "X-Chat-Session": session }, signal: AbortSignal.timeout(15000),
      });
      looked = Date.now();
      if (response.status === 403) return anew();
      if (response.status === 404) return notice("closed");
      if (!response.ok) return;
      const html = await response.text();
      const arrived = lines.merge(html);
      away(html);
      notice(navigator.onLine ? "" : "offline");
      if (arrived.length) answered();
      settle();
    } catch {
      notice(navigator.onLine ? "" : "offline"); // the next look comes by itself
    } finally {
      reading = false;
      if (again) {
        again = false;
        read();
      }
    }
  }

  /** The stored session is not taken any more (the business renewed its keys): begin as the page's own visitor. */
  function anew() {
    if (session === room.dataset.session) return location.reload();
    session = room.dataset.session;
    store.set("session", session);
    lines.clear();
    line?.remove();
    line = null;
    listen();
    read();
  }

  function settle() {
    part("starts")?.toggleAttribute("hidden", !lines.empty());
    if (!lines.empty()) {
      listen();
      outside.say("met");
    }
    goOn.hidden = lines.empty();
    dots();
    seen();
  }

  /** "Nobody answers just now", or nothing: as the server sees it. What stands unchanged is left alone, focus included. */
  function away(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.querySelector("[data-chat-away]"), shown = part("away");
    if (fresh && shown && fresh.innerHTML !== shown.innerHTML) shown.innerHTML = fresh.innerHTML;
  }

  // ---------------------------------------------------------------- the live line
  let line = null;

  function listen() {
    if (line) return;
    line = document.createElement("div");
    line.hidden = true;
    line.dataset.live = room.dataset.liveUrl;
    line.setAttribute("hx-headers", JSON.stringify({ "X-Chat-Session": session }));
    const on = (name, act) => line.addEventListener(name, act);
    on("chat-said", read);
    on("live:reread", () => { hears = true; read(); });
    on("live:up", read);
    on("live:down", () => { hears = false; });
    on("chat-deaf", () => { hears = false; });
    on("chat-typing", () => showDots(DOTS_FOR));
    room.append(line);
  }

  setInterval(() => {
    if (document.hidden && framed) return;
    if (!line && !lines.unsettled()) return; // nothing was said yet: nothing can come
    if (Date.now() - looked >= (hears ? SAFE : DEAF) * 1000) read();
  }, 1000);
  document.addEventListener("visibilitychange", () => document.hidden || (line && read()));
  addEventListener("online", () => { notice(""); read(); });
  addEventListener("offline", () => notice("offline"));

  // ---------------------------------------------------------------- writing
  const out = sender({
    hook: room.dataset.hook,
    session: () => session,
    store,
    changed(entry) {
      lines.show(entry);
      part("starts")?.toggleAttribute("hidden", true);
      if (entry.state === "sent") {
        listen();
        setTimeout(dots, DOTS_AFTER);
        // The line says when the word stands in the thread; these look where it does not
        for (const later of [700, 2500, 6000]) setTimeout(() => lines.unsettled() && read(), later);
      }
    },
    refused: (status) => (status === 403 ? read() : notice(status === 404 ? "closed" : "")),
  });
  const landed = landing(store, framed);
  const tell = (event, shown) => out.send({ ...event, language: document.documentElement.lang, ...landed.take() }, shown);
  const say = (words) => tell({ kind: "message", text: words }, words);

  write.addEventListener("submit", (event) => {
    event.preventDefault();
    const area = write.elements.text;
    const words = area.value.trim();
    const tray = attachments(write);
    if (tray.broken()) return;
    if (tray.busy()) return tray.whenReady(() => write.requestSubmit());
    const files = tray.done();
    tray.take();
    if (words || files.length) {
      const named = files.map(({ token, kind, name }) => ({ file: token, kind, name }));
      tell({ kind: "message", text: words, ...(named.length && { files: named }) }, [words, ...files.map(({ name }) => name)].filter(Boolean).join("\n"));
      area.value = "";
      area.dispatchEvent(new Event("input"));
      store.set("draft", "");
    }
    area.focus();
  });
  attachments(write).headers(() => ({ "X-Chat-Session": session }));
  write.elements.text.value ||= store.get("draft") ?? "";
  write.elements.text.addEventListener("input", () => {
    store.set("draft", write.elements.text.value);
    tellTyping();
  });
  let toldAt = 0;
  /** Colleagues see that the visitor writes, and no word of it. */
  function tellTyping() {
    if (lines.empty() || !write.elements.text.value.trim() || Date.now() - toldAt < TELL_EVERY) return;
    toldAt = Date.now();
    fetch(`${base}typing/`, { method: "POST", headers: { "X-Chat-Session": session } }).catch(() => {}); // a hint may get lost
  }

  part("starts")?.addEventListener("submit", (event) => {
    event.preventDefault();
    say(event.submitter.value);
    write.elements.text.focus();
  });

  part("press").addEventListener("submit", (event) => {
    event.preventDefault();
    const [message, value] = event.submitter.value.split("|");
    tell({ kind: "button", value, message }, event.submitter.textContent.trim());
  });

  room.addEventListener("click", (event) => {
    if (event.target.closest("[data-chat-again]")) out.again();
  });

  // ---------------------------------------------------------------- the phone number
  const phone = part("phone");
  let opener = null;
  room.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chat-phone-open]");
    const close = event.target.closest("[data-chat-phone-close]");
    if (!button && !close) return;
    event.preventDefault();
    phone.hidden = !button;
    if (button) {
      opener = button;
      phone.elements.name.focus();
    } else (opener ?? write.elements.text).focus();
  });
  phone.addEventListener("submit", (event) => {
    event.preventDefault();
    const [number, email, name] = ["phone", "email", "name"].map((field) => phone.elements[field].value.trim());
    if (!number && !email) return phone.elements.phone.focus();
    const typed = [number, email].filter(Boolean).join(" ");
    tell({ kind: "contact", phone: number, email, name, text: typed }, typed);
    phone.reset();
    phone.hidden = true;
    write.elements.text.focus();
  });
  phone.addEventListener("keydown", (event) => {
    if (event.key === "Escape") part("phone-close").click();
  });

  // ---------------------------------------------------------------- what came and was seen
  const title = document.title;
  let missed = 0;

  function answered() {
    hideDots();
    if (!outside.visible()) document.title = `(${++missed}) ${title}`;
  }

  function seen() {
    const last = lines.last(), upto = Math.max(store.get("read") ?? 0, lines.read());
    if (outside.visible()) {
      missed = 0;
      document.title = title;
      if (last > upto) {
        store.set("read", last);
        fetch(`${base}seen/`, { method: "POST", headers: { "X-Chat-Session": session }, body: new URLSearchParams({ upto: last }), keepalive: true })
          .catch(() => {}); // told again with the next word
      }
    }
    outside.say("unread", { count: outside.visible() ? 0 : lines.unread(upto) });
  }
  document.addEventListener("visibilitychange", seen);

  // ---------------------------------------------------------------- "an answer is being written"
  const typing = part("typing");
  let dotsTimer;
  const hideDots = () => { clearTimeout(dotsTimer); typing.hidden = true; };
  function showDots(time) {
    clearTimeout(dotsTimer);
    typing.hidden = false;
    thread.scrollTop = thread.scrollHeight;
    dotsTimer = setTimeout(hideDots, time);
  }
  const dots = () => { if (lines.awaits() && typing.hidden && Date.now() - lastSent < DOTS_FOR) showDots(DOTS_FOR); };
  let lastSent = 0;
  room.addEventListener("submit", () => { lastSent = Date.now(); }, true);

  // ---------------------------------------------------------------- earlier words
  part("earlier")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const link = event.currentTarget;
    link.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(`${base}messages/?before=${lines.oldest()}`, { headers: { "X-Chat-Session": session } });
      if (response.ok && !lines.prepend(await response.text())) link.parentElement.remove();
    } catch {
      notice("offline");
    } finally {
      link.removeAttribute("aria-busy");
    }
  });

  // ---------------------------------------------------------------- around
  function notice(name) {
    const bar = part("news");
    bar.hidden = !name;
    if (name) part("news-text").textContent = word(name);
  }

  // ---------------------------------------------------------------- going on in another browser
  const goOn = document.querySelector("[data-chat-go-on]");
  goOn.addEventListener("click", async (event) => {
    const aside = part("aside");
    event.preventDefault();
    if (!aside.hidden) return void (aside.hidden = true);
    try {
      const response = await fetch(goOn.href, { headers: { "X-Chat-Session": session } });
      const html = response.ok && !response.redirected ? await response.text() : "";
      if (!html) return;
      aside.innerHTML = html;
      aside.hidden = false;
      aside.querySelector("input").focus();
    } catch {
      notice("offline");
    }
  });

  const close = document.querySelector("[data-chat-close]");
  const outside = frame({
    landed: landed.hear,
    shown(open) {
      close.hidden = false;
      if (open) {
        thread.scrollTop = thread.scrollHeight;
        if (matchMedia("(pointer: fine)").matches) write.elements.text.focus();
      }
      seen();
    },
  });
  close.addEventListener("click", () => outside.say("close"));
  if (framed) addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && outside.say("close"));

  for (const entry of out.waiting()) lines.show({ ...entry, state: entry.state === "sending" ? "waiting" : entry.state });
  store.onOthers(() => { out.waiting().forEach(lines.show); read(); });
  if (landed.code) tell({ kind: "start" });
  out.run();
  outside.say("ready");
  if (session === room.dataset.session) settle();
  else read();
  if (!navigator.onLine) notice("offline");
});
