// Looks of the button and the frame. `:host` begins anew, so that the site's own rules reach nothing in here.
const RULES = `
:host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; right: 20px !important; bottom: 20px !important; display: block !important; font: 500 15px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif !important; color-scheme: light dark !important; }
[hidden] { display: none !important; }
.button { all: unset; box-sizing: border-box; position: relative; display: grid; place-items: center; width: 60px; height: 60px; margin-left: auto; color: #fff; background: #17596b; border-radius: 50%; box-shadow: 0 2px 6px rgb(40 30 20 / .25), 0 10px 28px rgb(40 30 20 / .25); cursor: pointer; transition: transform .15s, background-color .15s; }
.button:hover { background: #0f4655; transform: translateY(-2px); }
.button:focus-visible { outline: 3px solid #fff; outline-offset: -6px; }
.badge { position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px; box-sizing: border-box; color: #fff; background: #a4301f; border-radius: 11px; font-size: 13px; font-weight: 700; line-height: 22px; text-align: center; }
.box { position: absolute; right: 0; bottom: 76px; width: 384px; height: min(640px, calc(100vh - 120px)); overflow: hidden; background: light-dark(#f7f4ee, #191715); border-radius: 18px; box-shadow: 0 4px 12px rgb(40 30 20 / .16), 0 24px 64px rgb(40 30 20 / .28); }
.apart { position: absolute; z-index: 1; inset: 0; background: inherit; display: grid; place-items: center; padding: 24px; color: light-dark(#17596b, #86c9d8); text-align: center; }
iframe { position: relative; display: block; width: 100%; height: 100%; border: 0; color-scheme: light dark; }
@media (max-width: 480px) {
  :host { right: 16px !important; bottom: 16px !important; }
  .box { position: fixed; inset: 0; width: auto; height: 100dvh; border-radius: 0; }
  :host([data-open]) .button { display: none; }
}
@media (prefers-reduced-motion: reduce) { .button { transition: none; } }
@media print { :host { display: none !important; } }
`;

export function sheet(shadow) {
  const made = new CSSStyleSheet();
  made.replaceSync(RULES);
  shadow.adoptedStyleSheets = [made];
}
