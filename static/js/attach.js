// Files beside a text: chosen by a button, pasted or dropped, uploaded at once with progress, taken away again before
// anything is sent. <div data-attach> is the tray inside the form (templates/ui/attach.html). What lies with the server
// is a hidden field `file`, so a plain submit sends it; scripts ask attachments(form).
import { mount } from "./mount.js";

const trays = new WeakMap();
const NONE = { count: () => 0, busy: () => false, broken: () => false, done: () => [], take: () => [], put: () => {}, whenReady: () => {}, headers: () => {} };

/** The tray of a form: count(), busy(), broken(), done() → [{token, kind, name}], take() empties it, put() puts it back. */
export const attachments = (form) => trays.get(form) ?? NONE;

const sizes = [[1e6, "megabyte"], [1e3, "kilobyte"], [1, "byte"]];
function size(bytes) {
  const [unit, name] = sizes.find(([least]) => bytes >= least) ?? sizes[2];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: name, maximumFractionDigits: unit === 1e6 ? 1 : 0 }).format(bytes / unit);
}

/** A small picture of a picture, drawn: the page's rules allow no other source than the server. */
async function thumbnail(file, sign) {
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: 80, resizeQuality: "medium" });
    const canvas = Object.assign(document.createElement("canvas"), { width: 80, height: 80 });
    canvas.getContext("2d").drawImage(bitmap, (80 - bitmap.width) / 2, 0);
    bitmap.close();
    sign.replaceChildren(canvas);
  } catch { /* no picture that this browser can draw: the sign stays */ }
}

mount("[data-attach]", (tray) => {
  const form = tray.closest("form");
  const input = form.querySelector("input[type=file]");
  const blank = tray.querySelector("template").content.firstElementChild;
  const entries = new Map(); // chip → {file, token, kind, name, request, error}
  let headers = () => ({}), waiting = null;

  const all = () => [...entries.values()];
  const busy = () => all().some((entry) => entry.request);
  const broken = () => all().some((entry) => entry.error);

  function changed() {
    tray.hidden = !entries.size;
    form.dispatchEvent(new CustomEvent("attach:change", { bubbles: true }));
    if (waiting && !busy()) {
      const then = waiting;
      waiting = null;
      if (!broken()) then();
    }
  }

  function part(chip, name) { return chip.querySelector(`[data-file-${name}]`); }

  function fail(chip, entry, text, again) {
    entry.error = text;
    entry.request = null;
    part(chip, "error").textContent = text;
    part(chip, "error").hidden = false;
    part(chip, "size").hidden = true;
    part(chip, "bar").hidden = true;
    part(chip, "again").hidden = !again;
    chip.classList.add("mz-tray__file--failed");
    changed();
  }

  function add(file) {
    const chip = blank.cloneNode(true);
    const entry = { file, name: file.name };
    entries.set(chip, entry);
    part(chip, "name").textContent = file.name;
    part(chip, "size").textContent = size(file.size);
    part(chip, "remove").addEventListener("click", () => remove(chip));
    part(chip, "again").addEventListener("click", () => upload(chip, entry));
    tray.append(chip);
    if (file.type.startsWith("image/")) thumbnail(file, part(chip, "sign"));
    if (tray.dataset.refusal) return fail(chip, entry, tray.dataset.refusal, false);
    if (file.size > Number(tray.dataset.most)) return fail(chip, entry, tray.dataset.tooLarge, false);
    upload(chip, entry);
  }

  function upload(chip, entry) {
    const body = new FormData();
    const proof = form.elements.csrfmiddlewaretoken;
    if (proof) body.append(proof.name, proof.value);
    body.append("file", entry.file, entry.file.name);
    const request = entry.request = new XMLHttpRequest(); // fetch tells nothing of an upload's progress
    entry.error = "";
    const bar = part(chip, "bar");
    bar.hidden = false;
    bar.value = 0;
    part(chip, "error").hidden = part(chip, "again").hidden = true;
    part(chip, "size").hidden = false;
    chip.classList.remove("mz-tray__file--failed");
    request.upload.addEventListener("progress", ({ loaded, total }) => { bar.value = total ? (100 * loaded) / total : 0; });
    request.addEventListener("loadend", () => {
      if (entry.request !== request) return;
      const said = request.response;
      if (request.status !== 200 || !said?.token) {
        const refused = request.status === 409 || request.status === 400;
        return fail(chip, entry, said?.message ?? (request.status === 413 ? tray.dataset.tooLarge : tray.dataset.broken), !refused && request.status !== 413);
      }
      entry.request = null;
      Object.assign(entry, { token: said.token, kind: said.kind, name: said.name || entry.name });
      bar.hidden = true;
      chip.append(Object.assign(document.createElement("input"), { type: "hidden", name: "file", value: said.token }));
      changed();
    });
    request.open("POST", tray.dataset.url);
    request.responseType = "json";
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.send(body);
    changed();
  }

  function remove(chip) {
    const entry = entries.get(chip);
    const next = chip.nextElementSibling ?? chip.previousElementSibling;
    entries.delete(chip);
    const { request } = entry;
    entry.request = null;
    request?.abort();
    chip.remove();
    changed();
    (next?.querySelector?.("[data-file-remove]") ?? form.querySelector("textarea")).focus();
  }

  trays.set(form, {
    count: () => entries.size,
    busy, broken,
    done: () => all().filter((entry) => entry.token).map(({ token, kind, name }) => ({ token, kind, name })),
    /** Empties the tray; what it held can be put back. */
    take() {
      const held = [...entries];
      entries.clear();
      for (const [chip] of held) chip.remove();
      changed();
      return held;
    },
    put(held) {
      for (const [chip, entry] of held) {
        entries.set(chip, entry);
        tray.append(chip);
      }
      changed();
    },
    /** Calls `then` once all that is on its way has come; never when something failed. */
    whenReady(then) { waiting = then; if (!busy()) changed(); },
    headers(make) { headers = make; },
  });

  const addAll = (files) => { for (const file of files) add(file); };
  input?.addEventListener("change", () => {
    addAll(input.files);
    input.value = ""; // the field itself is the way of a page without scripts
    form.querySelector("textarea").focus();
  });
  form.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    addAll(files);
  });

  const zone = form.closest("[data-drop-zone]") ?? form;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  const over = (on) => { zone.classList.toggle("mz-dropping", on); on ? zone.setAttribute("data-drop-text", tray.dataset.drop) : zone.removeAttribute("data-drop-text"); };
  zone.addEventListener("dragenter", (event) => { if (carries(event) && form.isConnected && ++inside === 1) over(true); });
  zone.addEventListener("dragleave", (event) => { if (carries(event) && form.isConnected && --inside <= 0) { inside = 0; over(false); } });
  zone.addEventListener("dragover", (event) => { if (carries(event) && form.isConnected) event.preventDefault(); });
  zone.addEventListener("drop", (event) => {
    if (!carries(event) || !form.isConnected) return;
    event.preventDefault();
    inside = 0;
    over(false);
    addAll(event.dataTransfer.files);
  });
});
