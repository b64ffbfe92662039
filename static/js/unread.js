// The number of unread in the tab's title, on the installed app's icon and wherever data-unread-count stands.
// It comes with the page (<body data-unread="3">) and by the live event "unread" (data: the number).
import { mount } from "./mount.js";

let count = 0;

function show() {
  const bare = document.title.replace(/^\(\d+\+?\) /, "");
  const title = count ? `(${count > 99 ? "99+" : count}) ${bare}` : bare;
  if (document.title !== title) document.title = title;
  for (const badge of document.querySelectorAll("[data-unread-count]")) {
    badge.querySelector("[data-unread-number]").textContent = count > 99 ? "99+" : count;
    badge.hidden = !count;
  }
  const mark = count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
  mark?.catch(() => {}); // not an installed app
}

mount("body", (body) => {
  count = Number(body.dataset.unread) || 0;
  show();
  body.addEventListener("unread", ({ detail }) => {
    count = Number(detail.data) || 0;
    show();
  });
  body.addEventListener("htmx:after:swap", show); // a swap may bring another title
});
