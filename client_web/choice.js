// @ts-check
/** The first view: the lessons, the talk to go on with, the earlier talks. */
import { byId, el, icon } from "./dom.js";
import { unfinished } from "./history.js";
import { showHistory } from "./history_panel.js";
import { freeTalkCard, lessonCards } from "./lessons.js";
import { inLanguage, t } from "./words.js";

/** @import { History, KeptTalk } from "./history.js" */
/** @import { Door } from "./door.js" */
/** @import { LessonOffer } from "./lessons.js" */

/**
 * @param {readonly LessonOffer[]} lessons
 * @param {boolean} free there is free talk
 * @param {History} history
 * @param {{start: (lesson: string) => void, goOn: (talk: KeptTalk) => void}} on called inside the learner's tap
 */
export function showChoice(lessons, free, history, on) {
  const cards = lessonCards(lessons, history.done, on.start);
  byId("lessons", HTMLElement).replaceChildren(...(free ? [freeTalkCard(on.start)] : []), ...cards);
  byId("history", HTMLElement).hidden = history.talks.length === 0;
  showHistory(byId("talks", HTMLElement), history, (lesson, title) => titleOf(lessons, lesson, title));
  const last = lessons.length === 0 ? null : unfinished(history);
  const node = byId("go-on", HTMLElement);
  node.hidden = last === null;
  if (last !== null) node.replaceChildren(goOnButton(lessons, last, on.goOn));
}

/** What may be expected of Atom, and where the learner's voice goes. @param {Door} door */
export function honestly({ chat, elsewhere }) {
  return `${t(chat ? "choose.honest_free" : "choose.honest")} ${t(elsewhere ? "choose.voice_elsewhere" : "choose.voice")}`;
}

/** A talk's title in the learner's language. @param {readonly LessonOffer[]} lessons @param {string} lesson @param {string} title what the server calls it */
export function titleOf(lessons, lesson, title) {
  return lesson === "" ? t("free.title") : inLanguage(lessons.find((one) => one.id === lesson)?.title) || title;
}

/** @param {readonly LessonOffer[]} lessons @param {KeptTalk} talk @param {(talk: KeptTalk) => void} goOn */
function goOnButton(lessons, talk, goOn) {
  const { lesson, title, step, steps } = talk;
  const where = t("choose.go_on_step", { title: titleOf(lessons, lesson, title), step: Math.min(step + 1, steps), steps });
  const words = el("span", {}, el("b", {}, t("choose.go_on")), el("span", {}, where));
  const button = el("button", { type: "button", class: "go-on" }, words, icon("arrow"));
  button.addEventListener("click", () => goOn(talk));
  return button;
}
