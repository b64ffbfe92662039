// Inside a frame on another site: what the button there and this page tell each other. Never the session, never words.
export const framed = window.parent !== window;

export function frame({ shown, landed }) {
  const say = (type, more = {}) => framed && window.parent.postMessage({ marzha: type, ...more }, "*");
  let open = !framed;

  if (framed) {
    addEventListener("message", ({ source, data }) => {
      if (source !== window.parent || !data || typeof data !== "object") return;
      if (data.marzha === "landing") landed(data);
      if (data.marzha === "shown" || data.marzha === "hidden") {
        open = data.marzha === "shown";
        shown(open);
      }
    });
  }

  return {
    say,
    /** Whether somebody can see this page: a closed chat on the site around it is not seen. */
    visible: () => open && !document.hidden,
  };
}
