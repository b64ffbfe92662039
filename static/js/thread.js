// A thread stays at its newest word: <div data-thread> scrolls down when something comes, unless one reads above.
import { mount } from "./mount.js";

mount("[data-thread]", (thread) => {
  const NEAR = 120;
  let near = true;
  const down = () => { thread.scrollTop = thread.scrollHeight; };
  thread.addEventListener("scroll", () => { near = thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR; }, { passive: true });
  const start = thread.querySelector("[data-thread-start]"); // the line "new": reading begins there
  start ? start.scrollIntoView({ block: "center" }) : down();
  new MutationObserver((records) => {
    const own = records.some(({ addedNodes }) => [...addedNodes].some((node) => node.matches?.("[data-own]")));
    if (near || own) down();
  }).observe(thread, { childList: true, subtree: true });
  thread.addEventListener("load", () => near && down(), true); // a photo came and made the thread longer
  new ResizeObserver(() => near && down()).observe(thread); // the phone's keyboard came or went
});
