// @ts-check
/** The two buttons by which the tutor's last sentence is heard again, as it was said or slower. */
import { byId } from "./dom.js";
import { repeatable } from "./state.js";
import { t } from "./words.js";

/** @import { State } from "./state.js" */

/** @param {(slower: boolean) => void} onask */
export function bindAgain(onask) {
  byId("again", HTMLElement).addEventListener("click", () => onask(false));
  byId("slower", HTMLElement).addEventListener("click", () => onask(true));
}

/** While something is heard again, the first of them stops it. @param {State} state */
export function showAgain(state) {
  const again = byId("again", HTMLButtonElement);
  const on = state.replay !== null;
  again.disabled = byId("slower", HTMLButtonElement).disabled = !on && !repeatable(state);
  again.querySelector("use")?.setAttribute("href", `icons.svg#${on ? "stop" : "replay"}`);
  const label = byId("again-label", HTMLElement);
  const words = t(on ? "talk.replay_stop" : "talk.again");
  if (label.textContent !== words) label.textContent = words;
}
