// @ts-check
/** Earlier talks, kept in this browser only: pure changes of a value, and its reading and writing. */
import { isEmpty, textOf } from "./captions.js";

/** @import { Feedback, Turn, Turns } from "./captions.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./storage.js" */

const KEY = "atom.history";
const MOST_TALKS = 20;
const MOST_TURNS = 200;

/**
 * @typedef {{who: "learner" | "tutor", id: string, text: string, feedback: Feedback | null}} KeptTurn
 * @typedef {{id: string, lesson: string, title: string, at: number, step: number, steps: number, finished: boolean,
 *            turns: readonly KeptTurn[]}} KeptTalk
 * @typedef {{talks: readonly KeptTalk[], done: readonly string[]}} History  `done`: lessons that were finished
 */

/** @type {History} */
export const nothing = { talks: [], done: [] };

/** The talk as it stands, put first. @param {History} history @param {State} state @param {number} now @returns {History} */
export function withTalk(history, state, now) {
  const turns = state.turns.filter((turn) => !isEmpty(turn)).slice(-MOST_TURNS).map(kept);
  if (state.session === "" || state.lesson.id === "" || turns.length === 0) return history;
  const { id: lesson, title, step, steps, finished } = state.lesson;
  const old = history.talks.find((talk) => talk.id === state.session);
  const talk = { id: state.session, lesson, title, at: old?.at ?? now, step, steps, finished, turns };
  const others = history.talks.filter((one) => one.id !== state.session);
  const done = finished && !history.done.includes(lesson) ? [...history.done, lesson] : history.done;
  return { talks: [talk, ...others].slice(0, MOST_TALKS), done };
}

/** The last talk, if it can be gone on with. @param {History} history @returns {KeptTalk | null} */
export function unfinished(history) {
  const [last] = history.talks;
  return last === undefined || last.finished ? null : last;
}

/** Captions of an earlier talk. @param {KeptTalk} talk @returns {Turns} */
export function turnsOf(talk) {
  return talk.turns.map((turn) => restored(turn));
}

/** @param {string | null} text what was kept @returns {History} */
export function historyFrom(text) {
  try {
    const { talks, done } = JSON.parse(text ?? "{}");
    return Array.isArray(talks) && Array.isArray(done) ? { talks, done } : nothing;
  } catch {
    return nothing;
  }
}

/** @param {Store} storage */
export function loadHistory(storage) {
  return historyFrom(storage.getItem(KEY));
}

/** A full or forbidden storage loses the history, not the talk. @param {Store} storage @param {History} history */
export function saveHistory(storage, history) {
  try {
    if (history === nothing) storage.removeItem(KEY);
    else storage.setItem(KEY, JSON.stringify(history));
  } catch (error) {
    console.warn("history was not kept", error);
  }
}

/** @param {Turn} turn @returns {KeptTurn} */
function kept(turn) {
  const feedback = turn.who === "learner" ? turn.feedback : null;
  return { who: turn.who, id: turn.id, text: textOf(turn), feedback };
}

/** @param {KeptTurn} turn @returns {Turn} */
function restored({ who, id, text, feedback }) {
  if (who === "learner") {
    const kept = feedback && { ...feedback, corrections: feedback.corrections ?? [] }; // earlier pages kept none
    return { who, id, committed: text, tentative: "", over: true, feedback: kept };
  }
  return { who, id, response: "", clips: [], text, played_ms: 0, over: true, cut: false };
}
