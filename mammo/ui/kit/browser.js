// What only the browser can do for a page; mounted once on each by frame.py. `data` holds
// `session` (names the server's session) and `cookie` (what to remember, or null).
//
// This file is evaluated once per tab: what is outside the function stays from page to page.

const CONNECTION = "data-test-connection-state";
const app = document.querySelector("[data-testid=stApp]");
let session = null;
let trigger = null;

// A finger scrolls. Plotly reads every touch as a drag, and a slider every touch as a choice. Both
// still get the mouse events that the browser makes of a tap, and a slider what goes sideways.
function withhold(name, parts, then = () => {}) {
  const listener = (event) => {
    const touches = event.isTrusted && event.pointerType !== "mouse";
    if (!touches || !event.target.closest(parts)) return;
    event.stopImmediatePropagation();
    then(event);
  };
  document.addEventListener(name, listener, { capture: true, passive: true });
}
withhold("touchstart", ".stPlotlyChart, .stSlider");
withhold("pointerdown", ".stSlider", (start) => {
  const over = new AbortController();
  const options = { capture: true, signal: over.signal };
  const slide = (event) => {
    if (Math.abs(event.clientX - start.clientX) <= Math.abs(event.clientY - start.clientY)) return;
    over.abort();
    start.target.dispatchEvent(new PointerEvent(start.type, start));
  };
  document.addEventListener("pointermove", slide, options);
  document.addEventListener("pointerup", () => over.abort(), options);
  document.addEventListener("pointercancel", () => over.abort(), options);
});

// Streamlit scrolls to the section of a link once its heading is there, but what is drawn later
// above it moves it away. The section stays in place until the visitor acts.
const settled = new ResizeObserver(() => {
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});
const content = document.querySelector("[data-testid=stMainBlockContainer]");
if (location.hash && content) settled.observe(content);
for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) {
  document.addEventListener(act, () => settled.disconnect(), { capture: true, passive: true, once: true });
}

// On a phone the menu covers the page: it closes once a page is chosen.
document.addEventListener("click", ({ target }) => {
  const menu = target.closest("[data-testid=stSidebar]");
  if (menu && target.closest("a") && menu.offsetWidth > innerWidth / 2) {
    menu.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }
});

// A connection that comes back may lead to a server that knows nothing of this tab.
new MutationObserver(() => {
  if (app.getAttribute(CONNECTION) === "CONNECTED") trigger?.("reconnected", session);
}).observe(app, { attributeFilter: [CONNECTION] });

export default function ({ data, setTriggerValue }) {
  if (session && session !== data.session) setTriggerValue("emptied", data.session);
  session = data.session;
  trigger = setTriggerValue;
  try {
    if (data.cookie) document.cookie = data.cookie + (location.protocol === "https:" ? "; Secure" : "");
  } catch {
    // A frame without an origin of its own has no cookies: the next tab shows the notice again.
  }
}
