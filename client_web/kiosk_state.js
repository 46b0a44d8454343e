// @ts-check
/**
 * What the kiosk is in and what moves it: a touch, time, the talk, the server. Pure: time comes with every event,
 * in milliseconds of a clock that nobody sets.
 */

/** @import { Phase, Problem } from "./state.js" */

/**
 * How the kiosk is to be: what the server answers to each of the page's beats.
 * @typedef {{lesson: string, language: string, languages: readonly string[], open: boolean, opens: string,
 *   opens_in_days: number, opens_on: string, volume: number, quiet: boolean, mode: "push" | "open", noisy: boolean,
 *   idle_s: number, countdown_s: number, visit_s: number, epoch: string}} Standing
 *
 * What the kiosk goes by in the talk.
 * @typedef {{phase: Phase, problem: Problem | null, finished: boolean}} TalkNews
 *
 * Where the visitor is; "attract": nobody is there.
 * @typedef {"attract" | "visit" | "summary" | "farewell"} Stage
 * @typedef {Stage | "closed" | "offline"} Screen
 * @typedef {"" | "server" | "connection" | Problem} Trouble
 *
 * @typedef {{type: "touch" | "finish" | "tick" | "unreachable", now_ms: number}
 *   | {type: "talk", talk: TalkNews, now_ms: number}
 *   | {type: "standing", standing: Standing, now_ms: number}} KioskEvent
 *
 * "meet": the tutor greets. "forget": the visitor's talk goes, and another is made ready. "devices": microphone and
 * loudspeaker are tried again. "beat": the server is told at once.
 * @typedef {"meet" | "forget" | "devices" | "reload" | "beat"} Action
 */

/**
 * @typedef {object} Kiosk
 * @property {Stage} stage
 * @property {number} since_ms when the stage began
 * @property {number} stirred_ms the last sign of life
 * @property {number} warmed_ms when the talk was made ready
 * @property {number} visitors so far
 * @property {Standing | null} standing
 * @property {TalkNews} talk
 * @property {number | null} troubled_ms since when the talk cannot go on; null: it can
 * @property {number | null} silent_ms since when the server does not answer; null: it does
 * @property {number} tried_ms when the devices were tried last
 * @property {string} epoch of the page as it was loaded
 * @property {boolean} outdated the page is to be loaded anew as soon as nobody is there
 */

/** A talk that breaks off is mostly back before anybody has noticed. */
const GRACE_MS = 2500;
/** A server that was away for so long may have come back with another page. */
const LONG_AWAY_MS = 60_000;
/** A talk has its hour on the server: a visitor gets a young one. */
const RENEW_MS = 10 * 60_000;
const DEVICES_EVERY_MS = 5000;
const FAREWELL_MS = 5000;
/** The same finger that ended a visit does not begin the next. */
const SAME_TOUCH_MS = 800;
/** What the tutor may still say when the visit's time is up. realtime/kiosk.py counts this and the next one. */
const LAST_WORDS_MS = 20_000;
/** For the summary and its code, beside idle time and countdown: touches do not hold it for ever. */
const SUMMARY_MS = 60_000;

/** @type {ReadonlySet<Phase>} */
const BUSY = new Set(["hearing", "thinking", "speaking"]);
/** @type {ReadonlySet<Phase>} */
const AWAY = new Set(["connecting", "lost", "blocked"]);

/** @type {Kiosk} */
export const opening = {
  stage: "attract",
  since_ms: 0,
  stirred_ms: 0,
  warmed_ms: 0,
  visitors: 0,
  standing: null,
  talk: { phase: "idle", problem: null, finished: false },
  troubled_ms: null,
  silent_ms: null,
  tried_ms: 0,
  epoch: "",
  outdated: false,
};

/** @param {Kiosk} kiosk @param {KioskEvent} event @returns {[Kiosk, Action[]]} */
export function advance(kiosk, event) {
  switch (event.type) {
    case "touch":
      return touched(kiosk, event.now_ms);
    case "finish":
      return kiosk.stage === "visit" || kiosk.stage === "summary" ? left("farewell", kiosk, event.now_ms) : [kiosk, []];
    case "talk":
      return talked(kiosk, event.talk, event.now_ms);
    case "standing":
      return told(kiosk, event.standing, event.now_ms);
    case "unreachable":
      return [{ ...kiosk, silent_ms: kiosk.silent_ms ?? event.now_ms }, []];
    case "tick":
      return ticked(kiosk, event.now_ms);
  }
}

/** What is seen. @param {Kiosk} kiosk @param {number} now_ms @returns {Screen} */
export function screenOf(kiosk, now_ms) {
  if (kiosk.stage === "farewell" || kiosk.stage === "summary") return kiosk.stage; // nothing of it needs the server
  if (troubleOf(kiosk, now_ms) !== "") return "offline";
  if (kiosk.stage === "attract" && kiosk.standing?.open === false) return "closed";
  return kiosk.stage;
}

/** Why no visitor can be served, if so. @param {Kiosk} kiosk @param {number} now_ms @returns {Trouble} */
export function troubleOf({ talk, troubled_ms, silent_ms, standing }, now_ms) {
  if (talk.problem !== null) return talk.problem;
  if (troubled_ms !== null && now_ms - troubled_ms >= GRACE_MS) return silent_ms === null ? "connection" : "server";
  return silent_ms !== null && (standing === null || now_ms - silent_ms >= GRACE_MS) ? "server" : "";
}

/** Seconds until the visitor is taken to have gone; null while nobody need ask. @param {Kiosk} kiosk @param {number} now_ms */
export function countdownOf(kiosk, now_ms) {
  const { standing, stirred_ms } = kiosk;
  const screen = screenOf(kiosk, now_ms);
  if (standing === null || (screen !== "visit" && screen !== "summary")) return null;
  const still_ms = now_ms - stirred_ms - standing.idle_s * 1000;
  return still_ms < 0 ? null : Math.max(1, Math.ceil(standing.countdown_s - still_ms / 1000));
}

/** Which day a closed door opens: the key of its name, "" while it is open. @param {Standing | null} standing */
export function openingDay(standing) {
  if (!standing?.opens) return "";
  const { opens_in_days: days, opens_on } = standing;
  return days === 0 ? "kiosk.today" : days === 1 ? "kiosk.tomorrow" : `kiosk.on.${opens_on}`;
}

/** @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function touched(kiosk, now_ms) {
  const screen = screenOf(kiosk, now_ms);
  if (screen === "attract") return met(kiosk, now_ms);
  if (screen === "farewell" && now_ms - kiosk.since_ms >= SAME_TOUCH_MS && kiosk.standing?.open) return met(kiosk, now_ms);
  return [{ ...kiosk, stirred_ms: now_ms }, []];
}

/** @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function met(kiosk, now_ms) {
  const visitors = kiosk.visitors + 1;
  return [{ ...kiosk, stage: "visit", since_ms: now_ms, stirred_ms: now_ms, visitors }, ["meet", "beat"]];
}

/** The visitor has gone, or goes. @param {"farewell" | "attract"} stage @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function left(stage, kiosk, now_ms) {
  return [{ ...kiosk, stage, since_ms: now_ms, stirred_ms: now_ms, warmed_ms: now_ms }, ["forget", "beat"]];
}

/** @param {Kiosk} kiosk @param {TalkNews} talk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function talked(kiosk, talk, now_ms) {
  const away = AWAY.has(talk.phase) || (kiosk.stage === "visit" && talk.phase === "starting");
  const next = { ...kiosk, talk, troubled_ms: away ? (kiosk.troubled_ms ?? now_ms) : null };
  const back = kiosk.troubled_ms !== null && !away; // who has waited is given time
  if (BUSY.has(talk.phase) || back) next.stirred_ms = now_ms;
  const over = kiosk.stage === "visit" && talk.finished && !BUSY.has(talk.phase) && !away;
  return over ? [{ ...next, stage: "summary", since_ms: now_ms, stirred_ms: now_ms }, ["beat"]] : [next, []];
}

/** @param {Kiosk} kiosk @param {Standing} standing @param {number} now_ms @returns {[Kiosk, Action[]]} */
function told(kiosk, standing, now_ms) {
  const { silent_ms, stage, epoch } = kiosk;
  const longAway = silent_ms !== null && now_ms - silent_ms >= LONG_AWAY_MS;
  const outdated = kiosk.outdated || longAway || (epoch !== "" && standing.epoch !== epoch);
  const next = { ...kiosk, standing, silent_ms: null, epoch: epoch || standing.epoch, outdated };
  // A socket may not have noticed that the way to the server was cut: nobody is there to miss it.
  if (silent_ms !== null && stage === "attract" && kiosk.standing !== null) return [{ ...next, warmed_ms: now_ms }, ["forget"]];
  return [next, []];
}

/** @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function ticked(kiosk, now_ms) {
  if (kiosk.talk.problem !== null && now_ms - kiosk.tried_ms >= DEVICES_EVERY_MS) {
    return [{ ...kiosk, tried_ms: now_ms }, ["devices"]];
  }
  switch (kiosk.stage) {
    case "attract":
      return alone(kiosk, now_ms);
    case "farewell":
      return now_ms - kiosk.since_ms >= FAREWELL_MS ? [{ ...kiosk, stage: "attract", since_ms: now_ms }, ["beat"]] : [kiosk, []];
    case "summary":
      return gone(kiosk, now_ms) || read(kiosk, now_ms) ? left("farewell", kiosk, now_ms) : [kiosk, []];
    case "visit":
      return visited(kiosk, now_ms);
  }
}

/** Nobody is there. @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function alone(kiosk, now_ms) {
  if (kiosk.outdated && kiosk.silent_ms === null) return [{ ...kiosk, outdated: false }, ["reload"]];
  if (now_ms - kiosk.warmed_ms >= RENEW_MS) return [{ ...kiosk, warmed_ms: now_ms }, ["forget"]];
  return [kiosk, []];
}

/** @param {Kiosk} kiosk @param {number} now_ms @returns {[Kiosk, Action[]]} */
function visited(kiosk, now_ms) {
  if (BUSY.has(kiosk.talk.phase)) kiosk = { ...kiosk, stirred_ms: now_ms };
  // Who sees that it is offline is told no goodbye in between.
  if (gone(kiosk, now_ms)) return left(troubleOf(kiosk, now_ms) === "" ? "farewell" : "attract", kiosk, now_ms);
  const over_ms = now_ms - kiosk.since_ms - (kiosk.standing?.visit_s ?? Infinity) * 1000;
  const speaking = kiosk.talk.phase === "speaking" && over_ms < LAST_WORDS_MS;
  return over_ms >= 0 && !speaking ? left("farewell", kiosk, now_ms) : [kiosk, []];
}

/** @param {Kiosk} kiosk @param {number} now_ms */
function gone({ stirred_ms, standing }, now_ms) {
  return standing !== null && now_ms - stirred_ms >= asking_ms(standing);
}

/** The summary has been there for long enough. @param {Kiosk} kiosk @param {number} now_ms */
function read({ since_ms, standing }, now_ms) {
  return standing !== null && now_ms - since_ms >= asking_ms(standing) + SUMMARY_MS;
}

/** How long somebody who does not stir is there. @param {Standing} standing */
function asking_ms({ idle_s, countdown_s }) {
  return (idle_s + countdown_s) * 1000;
}
