// Sets the theme before the first paint: loaded as a plain blocking script in <head>, so that nothing flashes.
// The choice ("light", "dark" or nothing for the system's) is kept in this browser.
const dark = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem("marzha.theme") || "system";
  } catch {
    return "system"; // storage is off: follow the system
  }
}

function paint() {
  const choice = chosen();
  const theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  const root = document.documentElement;
  if (root.dataset.themeFixed === undefined && root.dataset.bsTheme !== theme) {
    root.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("theme", { detail: { theme } }));
  }
}

paint();
dark.addEventListener("change", paint);
addEventListener("storage", (event) => event.key === "marzha.theme" && paint());

document.addEventListener("theme:choose", ({ detail }) => {
  try {
    localStorage.setItem("marzha.theme", detail);
  } catch { /* storage is off: the choice lasts as long as the page */ }
  paint();
});
