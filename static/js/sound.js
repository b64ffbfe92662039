// Two soft notes for the live event "ring"; each person switches them on for this browser ([data-sound-switch]).
import { mount } from "./mount.js";

let context;

function on() {
  try {
    return localStorage.getItem("marzha.sound") === "on";
  } catch {
    return false;
  }
}

export function ring() {
  context ??= new AudioContext();
  [[660, 0], [880, 0.14]].forEach(([pitch, delay]) => {
    const tone = new OscillatorNode(context, { frequency: pitch, type: "sine" });
    const volume = new GainNode(context, { gain: 0 });
    const start = context.currentTime + delay;
    volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.45);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.5);
  });
}

mount("[data-sound-switch]", (button) => {
  const show = () => button.setAttribute("aria-pressed", String(on()));
  button.addEventListener("click", () => {
    try {
      localStorage.setItem("marzha.sound", on() ? "off" : "on");
    } catch { return; }
    show();
    if (on()) ring();
  });
  show();
});

document.addEventListener("ring", () => on() && ring());
