// A photo over the page: <a data-lightbox href="…"> opens the dialog of templates/ui/lightbox.html; arrows walk the
// photos of the same thread. Without the dialog, or with a modifier key, it is a plain link.
const plain = (event) => event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
let photos = [], at = 0, opener = null;

const box = () => document.getElementById("lightbox");
const part = (name) => box().querySelector(`[data-lightbox-${name}]`);

function show(index) {
  at = (index + photos.length) % photos.length;
  const link = photos[at], picture = part("picture");
  picture.src = link.href;
  picture.alt = link.querySelector("img")?.alt ?? "";
  part("save").href = link.dataset.save ?? link.href;
  part("count").textContent = photos.length > 1 ? `${at + 1} / ${photos.length}` : "";
  for (const step of box().querySelectorAll("[data-lightbox-step]")) step.hidden = photos.length < 2;
}

function ready(dialog) {
  if (dialog.dataset.ready) return;
  dialog.dataset.ready = "1";
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && photos.length > 1) show(at + step);
    event.stopPropagation(); // keys of the page below rest meanwhile
  });
  dialog.addEventListener("click", (event) => {
    const step = event.target.closest("[data-lightbox-step]");
    if (step) show(at + Number(step.dataset.lightboxStep));
    else if (event.target === dialog || event.target.closest("[data-lightbox-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    part("picture").removeAttribute("src");
    if (opener?.isConnected) opener.focus();
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-lightbox]");
  const dialog = box();
  if (!link || !dialog || plain(event)) return;
  event.preventDefault();
  ready(dialog);
  photos = [...(link.closest("[data-thread]") ?? document).querySelectorAll("a[data-lightbox]")];
  opener = link;
  show(photos.indexOf(link));
  dialog.showModal();
  part("close").focus();
});
