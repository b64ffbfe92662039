// The way out: events wait in a queue that survives the page, go to the hook one after another and are repeated until
// it has them. Each carries an id made here, so that a repeat is the same event.
const FIRST_WAIT = 1000, LONGEST_WAIT = 30000, PATIENCE = 15000;
const LATER = new Set([0, 408, 425, 429]);

export function freshId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** hook: its address; session(): the token; store; changed(entry): its state is new; refused(): the token is not taken. */
export function sender({ hook, session, store, changed, refused }) {
  let under = false, wait = FIRST_WAIT, timer;

  const queue = () => (Array.isArray(store.get("queue")) ? store.get("queue") : []);
  const keep = (entries) => store.set("queue", entries);
  const find = (id) => queue().find(({ event }) => event.id === id);
  function update(id, changes) {
    keep(queue().map((entry) => (entry.event.id === id ? { ...entry, ...changes } : entry)));
    const entry = find(id);
    if (entry) changed(entry);
  }

  async function post(event) {
    try {
      const response = await fetch(hook, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...event, session: session() }),
        keepalive: true, // a page that is closed right after the press loses nothing
        signal: AbortSignal.timeout(PATIENCE),
      });
      return response.status;
    } catch {
      return 0;
    }
  }

  async function run() {
    clearTimeout(timer);
    if (under) return;
    under = true;
    try {
      for (let entry; (entry = queue().find(({ state }) => state !== "failed")); ) {
        const status = await post(entry.event);
        if (status >= 200 && status < 300) {
          wait = FIRST_WAIT;
          keep(queue().filter(({ event }) => event.id !== entry.event.id));
          changed({ ...entry, state: "sent" });
        } else if (LATER.has(status) || status >= 500) {
          update(entry.event.id, { state: "waiting" });
          timer = setTimeout(run, wait);
          wait = Math.min(wait * 2, LONGEST_WAIT);
          return;
        } else {
          update(entry.event.id, { state: "failed" });
          refused(status);
        }
      }
    } finally {
      under = false;
    }
  }

  addEventListener("online", run);
  document.addEventListener("visibilitychange", () => document.hidden || run());

  return {
    waiting: queue,
    run,
    /** Queues an event; `shown` is what its bubble says. */
    send(event, shown) {
      const entry = { event: { id: freshId(), ...event }, shown, state: "sending" };
      keep([...queue(), entry]);
      changed(entry);
      run();
      return entry.event.id;
    },
    again() {
      keep(queue().map((entry) => ({ ...entry, state: "sending" })));
      queue().forEach(changed);
      wait = FIRST_WAIT;
      run();
    },
  };
}
