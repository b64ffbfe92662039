// Days and times of a chat in the page's language, by the reader's own clock.
import { language } from "./format.js";

export const clock = (at) => new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit" }).format(at);

const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());

/** "today", "yesterday", else "Mon, 23 Nov", with the year when it is another one. */
export function day(at, now = new Date()) {
  const distance = Math.round((midnight(at) - midnight(now)) / 86400000);
  if (Math.abs(distance) <= 1) return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(distance, "day");
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language(), { weekday: "short", day: "numeric", month: "short", year }).format(at);
}
