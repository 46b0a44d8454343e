// @ts-check
/** No way out of the kiosk's page, and nothing on it but the talk: what a page itself can stop. */

/** Keys by which people move about in a page. */
const MOVES = new Set(["Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]);
/** Keys that say nothing by themselves. */
const SILENT = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "ScrollLock", "Fn", "Escape", "Dead", "Unidentified"]);

/**
 * What a key is for: "press" is a button's, whichever key that sends (a button for USB is a keyboard).
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey">} event
 * @returns {"press" | "move" | "nothing"}
 */
export function meaningOf({ key, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return "nothing"; // shortcuts of the browser's
  if (MOVES.has(key)) return "move";
  return SILENT.has(key) || /^(F\d\d?|Browser.*|Launch.*|Audio.*)$/.test(key) && !/^F(1[3-9]|2\d)$/.test(key) ? "nothing" : "press";
}

const STOPPED = ["contextmenu", "selectstart", "dragstart", "dragover", "drop", "auxclick", "gesturestart"];

/** @param {Window} page */
export function guard(page) {
  const { document, history, location } = page;
  for (const name of STOPPED) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("wheel", (event) => event.ctrlKey && event.preventDefault(), { passive: false }); // zoom
  document.addEventListener("touchmove", (event) => event.touches.length > 1 && event.preventDefault(), { passive: false });
  document.addEventListener("keydown", (event) => meaningOf(event) === "nothing" && event.preventDefault(), { capture: true });
  // Back leads to this page again.
  history.pushState(null, "", location.href);
  page.addEventListener("popstate", () => history.pushState(null, "", location.href));
}

/** The screen stays on while the page is seen. @param {Window} page */
export function keepAwake(page) {
  const ask = () => {
    if (page.document.visibilityState === "visible") void page.navigator.wakeLock?.request("screen").catch(() => undefined);
  };
  page.document.addEventListener("visibilitychange", ask);
  ask();
}
