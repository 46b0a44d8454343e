// @ts-check
/** Wiring of the kiosk: visitors, the talk that is ready for the next one, and the server's word on how to be. */
import { bindAgain } from "./again.js";
import { bindMainButton } from "./controls.js";
import { expose } from "./diagnostics.js";
import { Entry, fetchDoor, keyIn } from "./door.js";
import { byId } from "./dom.js";
import { USUAL_THRESHOLD } from "./effects.js";
import { guard, keepAwake, meaningOf } from "./kiosk_guard.js";
import { drawLanguages, Screens } from "./kiosk_screens.js";
import { advance, opening, screenOf, troubleOf } from "./kiosk_state.js";
import { settingsFrom } from "./settings.js";
import { phaseOf } from "./state.js";
import { storeFor } from "./storage.js";
import { Talk } from "./talk.js";
import { language, languages, speak, t } from "./words.js";

/** @import { Action, Kiosk, KioskEvent, Standing } from "./kiosk_state.js" */
/** @import { Settings } from "./settings.js" */
/** @import { State } from "./state.js" */
/** @import { Language } from "./words.js" */

const TICK_MS = 200;
const BEAT_MS = 10_000;
/** While something is wrong. */
const ANXIOUS_BEAT_MS = 2000;
const PATIENCE_MS = 6000;
/** A page whose start has failed is loaded anew. */
const ANEW_MS = 5000;
const QUIET_SHARE = 0.25;
/** In a noisy hall. */
const RAISED_THRESHOLD = 0.75;

/** @type {Kiosk} */
let kiosk = { ...opening, warmed_ms: performance.now() };
/** @type {Language[]} */
let known = [];
let drawn = false;
let beaten_ms = -Infinity;
let beating = false;
/** The page has become another while it told how it is. */
let stale = false;
/** All is known that a talk wants. */
let settled = false;

const scheme = location.protocol === "https:" ? "wss" : "ws";
const entry = new Entry(storeFor("/kiosk"), (...asked) => fetch(...asked));
const talk = new Talk(`${scheme}://${location.host}/v1/realtime?model=tutor`, () => entry.subprotocols(), { change: changed, refused: () => undefined });
const screens = new Screens(() => (phaseOf(talk.state) === "speaking" ? talk.speaker.level : talk.level));

/** @param {KioskEvent} event */
function happen(event) {
  const before = screenOf(kiosk, event.now_ms);
  const [next, actions] = advance(kiosk, event);
  kiosk = next;
  for (const action of actions) act(action);
  if (screenOf(kiosk, event.now_ms) !== before && !actions.includes("beat")) void beat();
  redraw();
}

/** @param {"touch" | "finish" | "tick" | "unreachable"} type */
const now = (type) => happen({ type, now_ms: performance.now() });

/** @param {Action} action */
function act(action) {
  switch (action) {
    case "meet":
      return talk.meet();
    case "forget":
      return forget();
    case "devices":
      return void talk.openDevices(settings());
    case "reload":
      return location.reload();
    case "beat":
      return void beat();
  }
}

/** @param {State} state */
function changed(state) {
  const { problem, lesson } = state;
  happen({ type: "talk", talk: { phase: phaseOf(state), problem, finished: lesson.finished }, now_ms: performance.now() });
}

/** Draws at most once a frame. */
function redraw() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    screens.show(kiosk, talk.state, performance.now());
  });
}

/** Nothing of the visitor stays, and the next one finds a talk that is ready. */
function forget() {
  talk.forget();
  screens.forget();
  const { standing } = kiosk;
  if (standing === null) return;
  if (language() !== standing.language) choose(standing.language);
  void talk.prepare(standing.lesson, settings());
}

/** @returns {Settings} */
function settings() {
  const { standing } = kiosk;
  const threshold = standing?.noisy ? RAISED_THRESHOLD : USUAL_THRESHOLD;
  return { ...settingsFrom(null), language: language(), mode: standing?.mode ?? "push", threshold };
}

/** The page stays as it is where the words do not come. @param {string} code */
function choose(code) {
  const before = settings();
  speak(code).then(() => {
    spoken();
    return talk.change(settings(), before);
  }, () => now("unreachable"));
}

/** The page speaks another language. */
function spoken() {
  drawLanguages(offered(), { choose: chosen, begin: () => now("touch") });
  redraw();
}

/** A visitor's choice. @param {string} code */
function chosen(code) {
  if (code !== language()) choose(code);
}

function offered() {
  return known.filter(({ code }) => kiosk.standing?.languages.includes(code) ?? true);
}

/** The server is told how the page is, and tells how it is to be. */
async function beat() {
  stale = beating;
  if (beating) return;
  beating = true;
  beaten_ms = performance.now();
  const state = screenOf(kiosk, beaten_ms);
  const body = JSON.stringify({ state: state === "summary" ? "visit" : state, visitors: kiosk.visitors, problem: troubleOf(kiosk, beaten_ms) });
  try {
    const key = keyIn(location.hash);
    const headers = { "Content-Type": "application/json", ...(key === "" ? {} : { Authorization: `Bearer ${key}` }) };
    const answer = await fetch("/v1/kiosk", { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`kiosk: ${answer.status}`);
    const standing = await answer.json();
    if (!settled) await settle(standing);
    heed(standing);
  } catch {
    now("unreachable");
  } finally {
    beating = false;
  }
  if (stale) void beat();
}

/** @param {Standing} standing */
function heed(standing) {
  const first = kiosk.standing === null;
  happen({ type: "standing", standing, now_ms: performance.now() });
  talk.speaker.volume = standing.volume * (standing.quiet ? QUIET_SHARE : 1);
  screens.calm(standing.quiet);
  if (first) {
    spoken();
    void talk.prepare(standing.lesson, settings());
  } else talk.link.retry(); // the server is there: no need to wait
}

/** Before the page hears how it is to be: how a talk is let in, and the page's language. Throws. @param {Standing} standing */
async function settle(standing) {
  entry.keys = (await fetchDoor()).keys;
  const key = keyIn(location.hash);
  if (entry.keys && key !== "") await entry.take(key);
  await speak(standing.language);
  settled = true;
}

function tick() {
  now("tick");
  const every_ms = troubleOf(kiosk, performance.now()) === "" ? BEAT_MS : ANXIOUS_BEAT_MS;
  if (performance.now() - beaten_ms >= every_ms) void beat();
}

/** Touches and keys. A key that belongs to a button which was moved to stays that button's. */
function bind() {
  const pushes = () => kiosk.stage === "visit" && talk.state.setup?.mode === "push";
  const on = { press: () => talk.press(), letGo: () => talk.letGo(), toggle: () => undefined, pushes };
  const button = byId("main-button", HTMLElement);
  bindMainButton(button, on);
  addEventListener("pointerdown", () => now("touch"));
  addEventListener("blur", () => talk.letGo());
  addEventListener("keydown", (event) => {
    if (event.repeat || meaningOf(event) === "nothing") return;
    const attract = screenOf(kiosk, performance.now()) === "attract";
    const press = meaningOf(event) === "press" && !taken(event, button);
    if (press || !attract) now("touch");
    if (!press) return;
    event.preventDefault();
    if (!attract && pushes()) talk.press();
  });
  addEventListener("keyup", (event) => {
    if (meaningOf(event) !== "press") return;
    if (event.target === button) event.preventDefault();
    talk.letGo();
  });
  const click = (/** @type {string} */ id, /** @type {() => void} */ act) => byId(id, HTMLElement).addEventListener("click", act);
  for (const id of ["finish", "done", "leave"]) click(id, () => now("finish"));
  click("stay", () => now("touch"));
  click("ask-hint", () => talk.dispatch({ type: "page.hint" }));
  bindAgain((slower) => talk.dispatch({ type: "page.again", slower }));
  byId("still-there", HTMLDialogElement).addEventListener("cancel", (event) => event.preventDefault());
}

/** @param {KeyboardEvent} event @param {HTMLElement} button */
function taken(event, button) {
  const { target, key } = event;
  if (!(target instanceof HTMLElement) || (key !== " " && key !== "Enter") || target === button) return false;
  return target.closest("dialog") !== null || (target.matches("button") && target.matches(":focus-visible"));
}

/** The meter moves with every frame of the screen. */
function meter() {
  requestAnimationFrame(meter);
  if (kiosk.stage !== "visit") return;
  const share = Math.min(1, Math.sqrt(talk.level * 4));
  for (const id of ["meter", "open-ear"]) byId(id, HTMLElement).style.setProperty("--level", share.toFixed(2));
  byId("meter", HTMLElement).setAttribute("aria-valuenow", String(Math.round(share * 10) * 10));
}

/** Nothing runs yet that could mend it. What stands in the document is in no language but English. @param {unknown} error */
function failed(error) {
  byId("reason", HTMLElement).textContent = `For staff: the page could not start. ${error}`;
  byId("offline", HTMLElement).hidden = false;
  setTimeout(anew, ANEW_MS);
}

/** Not while the server is away: a page that cannot be loaded is the browser's own. */
async function anew() {
  const there = await fetch(location.pathname).then(({ ok }) => ok, () => false);
  if (there) location.reload();
  else setTimeout(anew, ANEW_MS);
}

async function open() {
  guard(window);
  keepAwake(window);
  known = await languages();
  await speak(document.documentElement.lang);
  document.title = t("page.title");
  bind();
  expose(talk);
  await beat();
  setInterval(tick, TICK_MS);
  meter();
}

open().catch(failed);
