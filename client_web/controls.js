// @ts-check
/** The learner's hands: the main button and the space bar, as press and release. */

/**
 * @param {HTMLElement} button
 * @param {{press: () => void, letGo: () => void, toggle: () => void, pushes: () => boolean}} on
 */
export function bindMainButton(button, on) {
  button.addEventListener("pointerdown", (event) => {
    if (!on.pushes()) return;
    button.setPointerCapture(event.pointerId);
    on.press();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(name, () => on.letGo());
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press is talking
  button.addEventListener("click", () => {
    if (!on.pushes()) on.toggle();
  });
}

/**
 * The space bar talks wherever the focus is, except where it has a meaning of its own.
 * @param {HTMLElement} button
 * @param {{press: () => void, letGo: () => void, pushes: () => boolean}} on
 */
export function bindSpaceBar(button, on) {
  document.addEventListener("keydown", (event) => {
    const talks = event.code === "Space" || (event.code === "Enter" && event.target === button);
    if (!talks || !on.pushes() || taken(event.target, button)) return;
    event.preventDefault();
    if (!event.repeat) on.press();
  });
  document.addEventListener("keyup", (event) => {
    if ((event.code !== "Space" && event.code !== "Enter") || !on.pushes()) return;
    if (event.target === button) event.preventDefault();
    on.letGo();
  });
  window.addEventListener("blur", () => on.letGo());
}

/** Whether the space bar belongs to what has the keyboard's focus. @param {EventTarget | null} target @param {HTMLElement} button */
function taken(target, button) {
  if (!(target instanceof HTMLElement) || target === button) return false;
  if (target.closest("dialog, [popover]:popover-open") !== null) return true;
  if (target.matches("input, select, textarea")) return true;
  return target.matches("button, summary, a") && target.matches(":focus-visible");
}
