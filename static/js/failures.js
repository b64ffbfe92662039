// A request that failed says so in words; nothing that was typed is lost.
import { toast } from "./toast.js";
import { word } from "./words.js";

const quiet = (event) => event.target.closest?.("[data-live]") || event.target.closest?.("[data-quiet]");

document.addEventListener("htmx:response:error", (event) => {
  if (quiet(event)) return;
  const status = event.detail.ctx.response.status;
  if (status === 400 || status === 409 || status === 422) return; // the form itself shows what is wrong
  const name = status === 401 || status === 403 ? "forbidden" : status === 404 || status === 410 ? "gone" : status === 429 ? "often" : "broken";
  toast({ text: word(name), tone: "loss" });
});

document.addEventListener("htmx:error", (event) => {
  if (!quiet(event)) toast({ text: word("network"), tone: "loss" });
});
