// <form data-autosubmit>: filters apply as they are chosen; the button is for those without scripts.
import { mount } from "./mount.js";

mount("form[data-autosubmit]", (form) => {
  for (const button of form.querySelectorAll("[data-no-script]")) button.hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
});

// <input type="checkbox" data-reveals="id">: shows a part of a form while it is ticked
mount("input[data-reveals]", (input) => {
  const part = document.getElementById(input.dataset.reveals);
  const show = () => { if (part) part.hidden = !input.checked; };
  input.addEventListener("change", show);
  show();
});
