// <form data-once>: one submit at a time, and a client-made key, so that a repeat after a failure is the same message.
// The key goes out as the field "client_key"; it is renewed only after the server has taken the form.
import { mount } from "./mount.js";

function freshKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

mount("form[data-once]", (form) => {
  let field = form.elements.client_key;
  if (!field) {
    field = Object.assign(document.createElement("input"), { type: "hidden", name: "client_key" });
    form.append(field);
  }
  field.value ||= freshKey();
  let under = false;
  const buttons = () => [...form.elements].filter((element) => element.type === "submit");
  const mark = (busy) => {
    under = busy;
    for (const button of buttons()) busy ? button.setAttribute("aria-disabled", "true") : button.removeAttribute("aria-disabled");
  };
  form.addEventListener("submit", (event) => {
    if (under) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else mark(true);
  }, true);
  form.addEventListener("htmx:finally:request", ({ detail }) => {
    mark(false);
    const status = detail.ctx.response?.status;
    if (status < 400) {
      field.value = freshKey();
      if (form.dataset.once === "reset") form.reset();
    }
  });
  addEventListener("pageshow", (event) => event.persisted && mark(false)); // back from the next page
});
