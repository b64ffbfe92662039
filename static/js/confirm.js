// hx-confirm and <form data-confirm="…"> ask in our own dialog (templates/ui/confirm.html), not the browser's.
function ask(text) {
  const dialog = document.getElementById("ui-confirm");
  if (!dialog) return Promise.resolve(window.confirm(text));
  dialog.querySelector("[data-confirm-text]").textContent = text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  (await ask(ctx.confirm)) ? issueRequest() : dropRequest();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(form.dataset.confirm))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(event.submitter);
}, true);
