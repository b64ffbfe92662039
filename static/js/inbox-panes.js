// List, thread and card beside each other: <div data-inbox-panes>. On a wide screen a link with data-open swaps the
// thread in and leaves the list where it is; on a phone, with a modifier key or without an answer it is a plain link.
import htmx from "htmx.org";
import { mount } from "./mount.js";

const wide = matchMedia("(min-width: 768px)");
const plain = (event) => event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

mount("[data-inbox-panes]", (panes) => {
  const shown = () => panes.querySelector("[data-conversation]");

  const mark = () => {
    const id = shown()?.dataset.conversation;
    for (const link of panes.querySelectorAll("#inbox-part a[data-open]")) {
      link.dataset.open === id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    }
  };

  async function open(url, push) {
    const id = url.match(/\/(\d+)\/$/)?.[1];
    await htmx.ajax("GET", `${url}?part=thread`, { source: panes, target: "#inbox-thread", swap: "outerHTML" });
    if (shown()?.dataset.conversation !== id) return;
    panes.dataset.pane = "thread";
    panes.classList.remove("mz-panes--two");
    if (push && location.pathname !== url) history.pushState({ inbox: url }, "", url);
    // The number of unread stands in front of a title; it stays
    document.title = (document.title.match(/^\(\d+\+?\) /)?.[0] ?? "") + shown().dataset.title;
    mark();
  }

  panes.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (!link || !wide.matches || plain(event)) return;
    event.preventDefault();
    open(new URL(link.href).pathname, true);
  });

  // Views and channels beside an open thread change the list alone
  panes.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-inbox-view]");
    if (!link || plain(event) || (!shown() && !wide.matches)) return;
    event.preventDefault();
    link.closest("details")?.removeAttribute("open");
    const url = new URL(link.href);
    if (!shown()) history.replaceState(history.state, "", url);
    url.searchParams.set("part", "list");
    htmx.ajax("GET", url.pathname + url.search, { source: panes, target: "#inbox-part", swap: "innerMorph" });
  });

  addEventListener("popstate", () => {
    const inside = /\/\d+\/$/.test(location.pathname);
    inside && wide.matches ? open(location.pathname, false) : location.reload();
  });

  // A row that moved to the first page is not shown twice
  const dedupe = () => {
    const more = panes.querySelector("[data-inbox-more]");
    for (const row of more?.querySelectorAll("li[id]") ?? []) {
      if (panes.querySelector(`#inbox-rows > #${CSS.escape(row.id)}`)) row.remove();
    }
  };

  panes.addEventListener("htmx:after:swap", () => { mark(); dedupe(); });
  mark();
});

// On a phone rarer menus open from the menu "more": <button data-opens="id of a details">
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (!opener) return;
  opener.closest("details").open = false;
  document.getElementById(opener.dataset.opens).open = true;
  event.stopPropagation(); // the click is outside of what it opens
}, true);

// An open menu asks for its content, and what is read again meanwhile leaves it open
document.addEventListener("click", ({ target }) => { // "toggle" comes later, and a reread may come between
  const menu = target.closest?.("[data-inbox-panes] details:is([data-menu], [data-was]) > summary")?.parentElement;
  menu?.toggleAttribute("hx-morph-skip", !menu.open);
}, true);
document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("[data-inbox-panes] details:is([data-menu], [data-was])")) return;
  target.toggleAttribute("hx-morph-skip", target.open);
  if (target.open && "menu" in target.dataset) htmx.trigger(target, "menu:open");
}, true);
