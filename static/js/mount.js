// Gives every element that matches a selector its behaviour, once, whether it came with the page or with a swap.
const behaviours = [];
const done = new WeakMap();

/** mount("[data-copy]", (element) => …): runs now for what is there and later for what is added. */
export function mount(selector, start) {
  behaviours.push([selector, start]);
  if (document.readyState !== "loading") wake(document.documentElement, [[selector, start]]);
}

function wake(root, list = behaviours) {
  for (const [selector, start] of list) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches(selector)) found.unshift(root);
    for (const element of found) {
      const started = done.get(element) ?? done.set(element, new Set()).get(element);
      if (started.has(start)) continue;
      started.add(start);
      start(element);
    }
  }
}

new MutationObserver((records) => {
  for (const { addedNodes } of records) {
    for (const node of addedNodes) if (node.nodeType === 1 && node.isConnected) wake(node);
  }
}).observe(document.documentElement, { childList: true, subtree: true });

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", () => wake(document.documentElement), { once: true });
}
