// @ts-check
/** What a learner took home from a talk: all of it is in the link's fragment, and nothing is kept. */
import { byId } from "./dom.js";
import { languages, pickLanguage, speak, t } from "./words.js";

/** @typedef {{learnt: string, said: string, right: number, answers: number, manner: string}} Learnt  as in `tutor.summary` */

const MANNERS = ["mended", "shown", "well", "tried"];
const LONGEST = 300; // letters, of any sentence that a lesson knows

/** @param {string} fragment base64url of JSON, with or without its "#" @returns {Learnt | null} null: it is none */
export function learntFrom(fragment) {
  const told = unpacked(fragment.replace(/^#/, ""));
  if (!Array.isArray(told) || told.length !== 5) return null;
  const [learnt, said, right, answers, manner] = told;
  const whole = isSentence(learnt) && isSentence(said) && isCount(right) && isCount(answers) && right <= answers;
  return whole && MANNERS.includes(manner) ? { learnt, said, right, answers, manner } : null;
}

/** @param {string} packed @returns {unknown} */
function unpacked(packed) {
  try {
    const bytes = Uint8Array.from(atob(packed.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null; // it was cut short, or somebody made it up
  }
}

/** @param {unknown} text */
function isSentence(text) {
  return typeof text === "string" && text.length <= LONGEST;
}

/** @param {unknown} count */
function isCount(count) {
  return Number.isInteger(count) && Number(count) >= 0 && Number(count) < 100;
}

/** Text only: whatever a link holds, it is never read as HTML. @param {Learnt | null} told */
function show(told) {
  byId("broken", HTMLElement).hidden = told !== null;
  byId("card", HTMLElement).hidden = told === null;
  if (told === null) return;
  byId("learnt", HTMLElement).hidden = told.learnt === "";
  byId("at-first", HTMLElement).hidden = told.said === "";
  byId("sentence", HTMLElement).textContent = told.learnt;
  byId("said", HTMLElement).textContent = told.said;
  byId("note", HTMLElement).textContent = t(`learnt.note.${told.manner}`);
  byId("score", HTMLElement).textContent = told.answers === 0 ? "" : t("learnt.score", { right: told.right, answers: told.answers });
}

async function main() {
  await speak(pickLanguage("", navigator.languages, await languages()));
  document.title = t("learnt.title");
  show(learntFrom(location.hash));
  addEventListener("hashchange", () => show(learntFrom(location.hash)));
}

if (typeof document !== "undefined") void main();
