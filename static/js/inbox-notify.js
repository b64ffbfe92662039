// Notifications of the browser for the live event "ring" (data: a thread's id), while the page is out of sight.
// [data-notify] holds the words and the address; [data-notify-switch] asks for the permission.
import { mount } from "./mount.js";

mount("[data-notify]", (words) => {
  document.addEventListener("ring", ({ detail }) => {
    if (!words.isConnected || !document.hidden || window.Notification?.permission !== "granted") return;
    const { notifyTitle: title, notifyText: body, notifyUrl: base } = words.dataset;
    const url = detail.data ? `${base}${detail.data}/` : base;
    // One tag a thread: several tabs and several words make one notification
    const shown = new Notification(title, { body, tag: url });
    shown.onclick = () => {
      window.focus();
      location.assign(url);
    };
  });
});

mount("[data-notify-switch]", (button) => {
  const label = button.querySelector("span");
  const show = () => {
    const state = window.Notification?.permission ?? "denied";
    if (state === "granted") label.textContent = button.dataset.on;
    if (state === "denied") label.textContent = button.dataset.denied;
    button.setAttribute("aria-disabled", String(state !== "default"));
  };
  button.addEventListener("click", async () => {
    if (window.Notification?.permission === "default") await Notification.requestPermission();
    show();
  });
  show();
});
