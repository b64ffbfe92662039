// One live line a browser: <div data-live="/live/…/">. The tab that holds the lock keeps the stream (by htmx's hx-sse),
// the others hear it through a BroadcastChannel, for a browser has six connections a host and a tab may take only one.
// Named events become DOM events on the element: hx-trigger="inbox from:body". After a gap: "live:reread".
import htmx from "htmx.org";
import { mount } from "./mount.js";

const FIRST_WAIT = 1000, LONGEST_WAIT = 30000;

mount("[data-live]", (element) => {
  const url = element.dataset.live;
  const channel = window.BroadcastChannel ? new BroadcastChannel(`live ${url}`) : null;
  let wait = FIRST_WAIT, connected = 0, down = false;

  const say = (name, data, id) => htmx.trigger(element, name, { data, id });
  const tell = (message) => {
    channel?.postMessage(message);
    hear(message);
  };
  const hear = ({ name, data, id, state }) => {
    if (state === "down" && !down) say("live:down");
    if (state === "up" && down) say("live:up");
    if (state) down = state === "down";
    if (name) say(name, data, id);
  };
  if (channel) channel.onmessage = (event) => hear(event.data);

  element.addEventListener("htmx:sse:after:connection", () => {
    wait = FIRST_WAIT;
    tell({ state: "up" });
    // What happened between two lines is read again; the page itself is fresh at the first one
    if (connected++) tell({ name: "live:reread" });
  });
  element.addEventListener("htmx:sse:before:message", ({ detail }) => {
    const { event, data, id } = detail.message;
    if (event) channel?.postMessage({ name: event, data, id });
  });
  element.addEventListener("htmx:sse:error", () => tell({ state: "down" }));

  // hx-sse comes back by itself once it was connected; a first connection that fails is ours to repeat
  const again = (event) => {
    const status = event.detail.ctx?.response?.status;
    tell({ state: "down" });
    if (status === 401 || status === 403 || status === 404) return;
    setTimeout(() => element.isConnected && htmx.process(element, true), wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
  element.addEventListener("htmx:response:error", again);
  element.addEventListener("htmx:error", again);

  const lead = () => {
    if (element.dataset.liveSince) element.setAttribute("hx-headers", JSON.stringify({ "Last-Event-ID": element.dataset.liveSince }));
    element.setAttribute("hx-swap", "none");
    element.setAttribute("hx-sse:connect", url);
    htmx.process(element, true);
    return new Promise(() => {}); // the lock is held until this page goes
  };
  if (!channel || !navigator.locks) return lead();
  const asked = Date.now();
  navigator.locks.request(`live ${url}`, () => {
    if (Date.now() - asked > 1000) connected = 1; // we listened to another tab until now: read again once connected
    return lead();
  }).catch(lead); // a frame on another site may be kept from locks: then each window has its own line
});

mount("[data-offline]", (bar) => {
  let timer;
  document.addEventListener("live:down", () => { timer = setTimeout(() => { bar.hidden = false; }, 3000); });
  document.addEventListener("live:up", () => { clearTimeout(timer); bar.hidden = true; });
});
