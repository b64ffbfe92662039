// Whence a visitor came: told once, with the first event after it was learnt, and again when they come by another link.
const TELLS = /^(utm_\w+|\w*clid|gbraid|wbraid|gad_source|rb_clickid|vk_ref|li_fat_id|roistat|erid|_openstat|start)$/i;
const LONGEST = 2000;

const text = (value) => (typeof value === "string" ? value.slice(0, LONGEST) : "");

export function landing(store, framed) {
  let code = "";

  function learn(found, tells) {
    if (tells || !store.get("landed")) {
      store.set("landing", found);
      store.set("landed", true);
    }
  }

  if (!framed) {
    const query = new URLSearchParams(location.search);
    const from = document.referrer && new URL(document.referrer).origin !== location.origin ? document.referrer : "";
    const marks = [...query.keys()].some((key) => TELLS.test(key));
    learn({ page_url: text(location.href), referrer: text(from) }, marks || Boolean(from));
    code = query.get("start") ?? "";
    // Told from here on by the store: a reload is no second coming
    if (marks) history.replaceState(history.state, "", location.pathname + location.hash);
  } else if (!store.get("landed")) {
    store.set("landing", { page_url: text(document.referrer), referrer: "" });
  }

  return {
    code,
    /** What the page around the frame tells of itself. */
    hear({ page_url, referrer, utm }) {
      const marks = {};
      for (const [key, value] of Object.entries(utm ?? {})) if (TELLS.test(key) && key !== "start") marks[key] = text(value);
      const found = { page_url: text(page_url), referrer: text(referrer), utm: marks };
      const known = JSON.stringify(marks);
      learn(found, known !== "{}" && known !== store.get("marks"));
      store.set("marks", known);
    },
    /** Taken along by the next event. */
    take() {
      const found = store.get("landing");
      store.set("landing", null);
      return found ?? {};
    },
  };
}
