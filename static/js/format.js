// Numbers, money and times in the page's language, as the server writes them.
const root = document.documentElement;
export const language = () => root.lang || "en";
export const zone = () => root.dataset.zone || undefined;
const currency = () => root.dataset.currency || "RUB";

const NARROW = "\u202f"; // narrow no-break space
const tidy = (text) => text.replace(/[\u00a0 ]/g, NARROW);

export function number(value, digits = 0) {
  return tidy(new Intl.NumberFormat(language(), { maximumFractionDigits: digits, useGrouping: "min2" }).format(value));
}

/** Kopecks only when there are any; the sign stands behind: "1 250 ₽". */
export function money(value) {
  const whole = Number.isInteger(Math.round(value * 100) / 100);
  const amount = new Intl.NumberFormat(language(), { minimumFractionDigits: whole ? 0 : 2, maximumFractionDigits: whole ? 0 : 2 }).format(value);
  const sign = new Intl.NumberFormat(language(), { style: "currency", currency: currency(), currencyDisplay: "narrowSymbol" })
    .formatToParts(0).find((part) => part.type === "currency").value;
  return tidy(`${amount.replace(/^-/, "\u2212")} ${sign}`);
}

/** A share of one: 0.125 → "12,5 %". */
export function percent(value) {
  return `${number(value * 100, 1)}${NARROW}%`;
}

/** A number short enough for an axis: "12 тыс." */
export function short(value) {
  return new Intl.NumberFormat(language(), { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export const formats = { number, money, percent, minutes: (value) => number(value) };

const steps = [[60, "second"], [60, "minute"], [24, "hour"], [7, "day"], [4.35, "week"], [12, "month"], [Infinity, "year"]];

/** "5 минут назад", "через 2 часа": the distance from now. */
export function ago(date, now = Date.now()) {
  let distance = (date - now) / 1000;
  const words = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  for (const [size, unit] of steps) {
    if (Math.abs(Math.round(distance)) < size) return words.format(Math.round(distance), unit);
    distance /= size;
  }
}
