// What this browser keeps of one chat: the visitor's session, words that are not with the server yet, whence they came.
// Where storage is off it lasts as long as the page.
export function open(name) {
  let own = {};
  let works = true;

  function read() {
    if (!works) return own;
    try {
      const found = JSON.parse(localStorage.getItem(name));
      return found && typeof found === "object" ? found : {};
    } catch {
      return own;
    }
  }

  function write(changes) {
    own = { ...read(), ...changes };
    if (!works) return;
    try {
      localStorage.setItem(name, JSON.stringify(own));
    } catch {
      works = false; // off, or full: go on without
    }
  }

  return {
    get: (key) => read()[key],
    set: (key, value) => write({ [key]: value }),
    /** Calls `heard` when another window of this chat has changed something. */
    onOthers: (heard) => addEventListener("storage", (event) => event.key === name && heard()),
  };
}
