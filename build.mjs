// Bundles the browser's files: `node build.mjs [outdir]` fills static_build/ from static/ and npm packages.
// A build whose inputs did not change is skipped, so that every `make` target may call it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, copyFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(root, "static_build"));
const source = join(root, "static");

// Oldest browsers we promise: the first ones with light-dark(), which the two themes are made of.
const target = ["chrome123", "edge123", "firefox120", "safari17.5"];

/** Every file below a folder, sorted, so that the hash does not depend on the file system. */
function walk(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function inputsHash() {
  const hash = createHash("sha256");
  for (const file of [join(root, "build.mjs"), join(root, "package-lock.json"), ...walk(source)]) {
    if (existsSync(file)) hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

// Families of Tabler's components that we have our own of, or no use for, and its doubles for other theme switches.
const hues = "(bg-)?(primary|secondary|success|info|warning|danger|light|dark|muted|blue|azure|indigo|purple|pink|red|orange|yellow|lime|green|teal|"
  + "cyan|gray|white|black|facebook|twitter|linkedin|google|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|x)";
const unused = new RegExp(
  "^\\.(accordion|alert|avatar|badge|bs-|btn|calendar|card|carousel|chart|chat|chip|datepicker|drop(down|end|up|start)|empty|"
  + "flag|form-(check|colorcheck|colorinput|control|fieldset|file|floating|footer|help|hint|imagecheck|label|range|select|selectgroup|switch|text)|"
  + "input-(group|icon)|legend|list-(group|timeline)|loader|markdown|modal|nav|navbar|offcanvas|otp|page(-|$)|pagination|payment|placeholder|popover|"
  + "progress|ribbon|segmented|settings|signal|signature|social|sortable|sparkline|spinner|stars|status|step|switch-icon|tag|theme-|timeline|toast|"
  + "tooltip|tracking|ts-|was-|(bg|border|breadcrumb|column|divide|focus|img|link|object|prose|rounded|shape|table)(-|$)|"
  + `text-(${hues}))`);
const double = /data-bs-navbar-theme|\[data-theme|body\[data-bs-theme|\.theme-dark/;

/** Parts of a text between top-level commas: those inside brackets belong to one selector. */
function apart(selectors) {
  let depth = 0, parts = [""];
  for (const letter of selectors) {
    depth += "([".includes(letter) ? 1 : ")]".includes(letter) ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

/** Tabler's sheet without the selectors of unused families; what is left empty goes too. */
function trim(css) {
  let depth = 0, start = 0, kept = "";
  for (let at = 0; at < css.length; at++) {
    if (css[at] === "{") depth++;
    if (css[at] === ";" && depth === 0) {
      kept += css.slice(start, at + 1); // @charset and the like
      start = at + 1;
    }
    if (css[at] !== "}" || --depth) continue;
    const rule = css.slice(start, at + 1).replace(/\/\*[\s\S]*?\*\//g, "").trim();
    const open = rule.indexOf("{");
    const head = rule.slice(0, open).trim();
    start = at + 1;
    if (/^@(media|supports)/.test(head)) {
      const inside = trim(rule.slice(open + 1, -1));
      if (inside.trim()) kept += `${head}{${inside}}`;
    } else if (head.startsWith("@")) {
      kept += rule;
    } else {
      const used = apart(head).filter((one) => !double.test(one) && !unused.test(one.match(/\.[a-z][\w-]*/i)?.[0] ?? ""));
      if (used.length) kept += used.join(",") + rule.slice(open);
    }
  }
  return kept;
}

const trimmedTabler = {
  name: "trimmed-tabler",
  setup(build) {
    build.onLoad({ filter: /tabler\.css$/ }, ({ path }) => ({
      contents: trim(readFileSync(path, "utf8").replace(/\/\*# sourceMappingURL.*?\*\//g, "")), // collectstatic would look for the map
      loader: "css",
    }));
  },
};

/** Places of a day's calendar as classes: a strict CSP allows no inline styles. */
const dayGrid = {
  name: "day-grid",
  setup(build) {
    build.onResolve({ filter: /^generated:day$/ }, () => ({ path: "day", namespace: "generated" }));
    build.onLoad({ filter: /^day$/, namespace: "generated" }, () => {
      const times = (count, rule) => Array.from({ length: count }, (_, n) => rule(n)).join("\n");
      return { loader: "css", contents: [
        times(24, (n) => `.from-${n}{--mz-from:${n * 12}}`), // row 1 is the head, so 0:00 is row 2
        times(288, (n) => `.t-${n}{grid-row-start:calc(${n + 2} - var(--mz-from,0))}`),
        times(288, (n) => `.n-${n + 1}{grid-row-end:span ${n + 1}}`),
      ].join("\n") };
    });
  },
};

/** One SVG with a <symbol> for each icon named in static/icons.txt ("name" or "name = tabler-name"). */
function sprite() {
  const folder = join(root, "node_modules/@tabler/icons");
  const symbols = readFileSync(join(source, "icons.txt"), "utf8").split("\n")
    .map((line) => line.replace(/#.*/, "").trim()).filter(Boolean)
    .map((line) => {
      const [name, tabler = name] = line.split("=").map((part) => part.trim());
      const file = [join(folder, "icons/outline", `${tabler}.svg`), join(folder, "icons/filled", `${tabler.replace(/-filled$/, "")}.svg`)]
        .find((path) => existsSync(path) && (path.includes("/outline/") || tabler.endsWith("-filled")));
      if (!file) throw new Error(`static/icons.txt: no icon named ${tabler}`);
      const body = readFileSync(file, "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "")
        .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s+/g, " ").trim();
      const paint = tabler.endsWith("-filled") ? 'fill="currentColor"'
        : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
      return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${body}</symbol>`;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

async function bundle(folder) {
  const esbuild = await import("esbuild");
  const shared = {
    bundle: true, minify: true, target, outdir: folder, logLevel: "warning", legalComments: "none",
    nodePaths: [join(root, "node_modules")], loader: { ".woff2": "file", ".svg": "file" },
    assetNames: "fonts/[name]",
  };
  await esbuild.build({
    ...shared, plugins: [trimmedTabler, dayGrid],
    entryPoints: { "css/app": join(source, "css/app.css"), "css/public": join(source, "css/public.css"), "css/chat": join(source, "css/chat.css") },
  });
  const scripts = { "js/theme": "js/theme.js", "js/app": "js/app.js", "js/charts": "js/charts.js", "js/public": "js/public.js", "js/chat": "js/chat.js", widget: "js/widget/index.js" };
  await esbuild.build({
    ...shared, format: "iife", loader: { ".css": "text", ".svg": "text" },
    entryPoints: Object.fromEntries(Object.entries(scripts).map(([to, from]) => [to, join(source, from)])),
  });
  writeFileSync(join(folder, "icons.svg"), sprite());
  for (const file of walk(join(source, "brand"))) {
    const to = join(folder, relative(source, file));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(file, to);
  }
  // Tests inject it into pages by evaluation; production's `npm ci --omit=dev` simply has no such package.
  const axe = join(root, "node_modules/axe-core/axe.min.js");
  if (existsSync(axe)) copyFileSync(axe, join(folder, "axe.js"));
}

const stamp = inputsHash();
const stampFile = join(out, ".inputs");
if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) process.exit(0);

const began = Date.now();
const fresh = `${out}.new`;
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
await bundle(fresh);
writeFileSync(join(fresh, ".inputs"), stamp);
rmSync(out, { recursive: true, force: true });
renameSync(fresh, out); // whole or not at all: a server that reads meanwhile never sees half a build
console.log(`browser files built in ${((Date.now() - began) / 1000).toFixed(1)} s → ${relative(process.cwd(), out) || "."}`);
