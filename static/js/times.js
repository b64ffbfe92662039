// <time datetime data-ago>: "5 минут назад", kept true. <time datetime data-local>: the server wrote it in the
// salon's zone; where the reader's clock differs, the zone is named and the reader's own time is the hint.
import { ago, language, zone } from "./format.js";
import { mount } from "./mount.js";

const aging = new Set();

function refresh() {
  for (const element of aging) {
    if (!element.isConnected) aging.delete(element);
    else element.textContent = ago(new Date(element.dateTime));
  }
}
setInterval(refresh, 30000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());

mount("time[data-ago]", (element) => {
  element.title ||= element.textContent.trim();
  aging.add(element);
  refresh();
});

function wall(date, timeZone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(date);
}

mount("time[data-local]", (element) => {
  const date = new Date(element.dateTime);
  if (!zone() || Number.isNaN(+date) || wall(date, zone()) === wall(date)) return;
  const own = new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  element.title = own.format(date);
  const name = new Intl.DateTimeFormat(language(), { timeZone: zone(), timeZoneName: "long" })
    .formatToParts(date).find((part) => part.type === "timeZoneName").value;
  const city = name.split(",")[0].replace(/ (Standard |Summer )?Time$/, ""); // the words for "standard time" say nothing
  element.append(Object.assign(document.createElement("small"), { className: "mz-dim", textContent: `\u00a0(${city})` }));
});
