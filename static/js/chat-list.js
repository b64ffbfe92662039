// The thread on the screen: lines from the server and one's own words that are on their way, one node for each key.
const KEY = "[data-key]";

export function list({ room, thread, ours }) {
  const blank = room.querySelector("[data-chat-own]").content.firstElementChild;
  const sources = new WeakMap(); // what the server sent for a node: an unchanged line is left alone, focus included
  let element = room.querySelector("[data-chat-list]");
  for (const line of element.querySelectorAll(KEY)) sources.set(line, line.outerHTML);

  const byKey = () => new Map([...element.querySelectorAll(KEY)].map((line) => [line.dataset.key, line]));
  const lines = () => [...element.querySelectorAll(KEY)];

  function parse(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.querySelector("[data-chat-list]");
  }

  /** Takes the newest lines in. Returns those of the other side that were not there before. */
  function merge(html) {
    const fresh = parse(html);
    const known = byKey();
    const arrived = [];
    let previous = null;
    for (const line of fresh.querySelectorAll(KEY)) {
      const key = line.dataset.key, source = line.outerHTML, old = known.get(key);
      let node = old;
      if (!old) {
        node = document.importNode(line, true);
        if (!node.matches(".mz-msg--out")) arrived.push(node);
      } else if (old.dataset.local !== undefined || sources.get(old) !== source) {
        node = document.importNode(line, true);
        old.replaceWith(node);
      }
      sources.set(node, source);
      if (!node.isConnected) place(node, previous);
      known.delete(key);
      previous = node;
    }
    // What stood among these lines and is not there any more was taken back
    const oldest = Number(fresh.dataset.oldest);
    for (const line of known.values()) {
      if (line.dataset.local === undefined && oldest && Number(line.dataset.id) >= oldest) line.remove();
    }
    for (const name of ["answers", "last", "read"]) element.dataset[name] = fresh.dataset[name];
    for (const line of element.querySelectorAll("[data-local]")) element.append(line);
    mark();
    return arrived;
  }

  function place(node, previous) {
    const rest = previous ? previous.nextElementSibling : lines().find((line) => later(line, node)) ?? null;
    element.insertBefore(node, rest);
  }

  const later = (line, node) => line.dataset.local !== undefined || Number(line.dataset.id) > Number(node.dataset.id);

  /** Puts older lines before the first one and keeps what is read where it is. */
  function prepend(html) {
    const fresh = parse(html);
    const below = thread.scrollHeight - thread.scrollTop;
    const known = byKey();
    const older = [...fresh.querySelectorAll(KEY)].filter((line) => !known.has(line.dataset.key));
    element.prepend(...older.map((line) => {
      const node = document.importNode(line, true);
      sources.set(node, line.outerHTML);
      return node;
    }));
    element.dataset.oldest = fresh.dataset.oldest;
    mark();
    thread.scrollTop = thread.scrollHeight - below;
    return fresh.dataset.more !== undefined;
  }

  /** Shows an event of one's own in its state: sending, sent, waiting, failed. */
  function show({ event, shown, state }) {
    if (!shown) return;
    const key = `c:${event.id}`;
    let node = byKey().get(key);
    if (node && node.dataset.local === undefined) return;
    if (!node) {
      node = document.importNode(blank, true);
      node.dataset.key = key;
      node.dataset.own = "";
      node.querySelector(".mz-msg__body").textContent = shown;
      element.append(node);
      mark();
    }
    node.classList.toggle("mz-msg--failed", state === "failed");
    for (const part of node.querySelectorAll("[data-while]")) part.hidden = part.dataset.while !== state;
  }

  /** Days and times by the reader's own clock. */
  function mark() {
    for (const old of element.querySelectorAll(".mz-day-mark")) old.remove();
    let last = "";
    for (const line of element.querySelectorAll(`${KEY}:not([data-local])`)) {
      const time = line.querySelector("time");
      const at = new Date(time.dateTime);
      const text = ours.clock(at);
      if (time.textContent !== text) time.textContent = text;
      const day = ours.day(at);
      if (day !== last) {
        line.before(Object.assign(document.createElement("li"), { className: "mz-day-mark", textContent: day }));
        last = day;
      }
    }
  }

  mark();
  return {
    merge, prepend, show,
    get element() { return element; },
    /** Another visitor's lines never stand under this one's. */
    clear: () => element.replaceChildren(),
    oldest: () => Number(element.dataset.oldest) || 0,
    newest: () => Math.max(0, ...lines().map((line) => Number(line.dataset.id) || 0)),
    last: () => Math.max(0, ...lines().filter((line) => !line.matches(".mz-msg--out")).map((line) => Number(line.dataset.id) || 0)),
    read: () => Number(element.dataset.read) || 0,
    unread: (upto) => lines().filter((line) => !line.matches(".mz-msg--out") && Number(line.dataset.id) > upto).length,
    awaits: () => element.dataset.answers === "assistant" && lines().at(-1)?.matches(".mz-msg--out"),
    unsettled: () => Boolean(element.querySelector("[data-local]")),
    empty: () => !lines().length,
  };
}
