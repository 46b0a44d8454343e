// @ts-check
/** Wiring: the talk, what is kept in the browser, and what is seen. */
import { bindAgain, showAgain } from "./again.js";
import { mended } from "./captions.js";
import { honestly, showChoice, titleOf } from "./choice.js";
import { Companion } from "./companion.js";
import { bindMainButton, bindSpaceBar } from "./controls.js";
import { expose } from "./diagnostics.js";
import { Entry, fetchDoor, keyIn } from "./door.js";
import { byId, el } from "./dom.js";
import { loadHistory, nothing, saveHistory, turnsOf, withTalk } from "./history.js";
import { KeyDialog } from "./key_dialog.js";
import { showLatency } from "./latency.js";
import { fetchLessons, intro, vocabulary } from "./lessons.js";
import { loadSettings, saveSettings } from "./settings.js";
import { modeField, showSettings } from "./settings_panel.js";
import { Stage, showProblem } from "./stage.js";
import { phaseOf } from "./state.js";
import { sessionStore, storeFor } from "./storage.js";
import { Talk } from "./talk.js";
import { Transcript } from "./transcript.js";
import { inLanguage, languages, pickLanguage, speak, t } from "./words.js";

/** @import { Door } from "./door.js" */
/** @import { LessonOffer } from "./lessons.js" */
/** @import { Language } from "./words.js" */
/** @import { Settings } from "./settings.js" */
/** @import { State } from "./state.js" */

const store = storeFor(location.pathname);
let settings = loadSettings(store);
let history = loadHistory(store);
/** @type {LessonOffer[]} */
let lessons = [];
/** What the server is like, once it has said so. @type {Door | null} */
let door = null;
let drawn = false;
/** What is on the page. @type {State | null} */
let shown = null;
/** @type {Language[]} */
let known = [];

const scheme = location.protocol === "https:" ? "wss" : "ws";
const entry = new Entry(sessionStore(), (...asked) => fetch(...asked));
const keyDialog = new KeyDialog(entry);
const talk = new Talk(`${scheme}://${location.host}/v1/realtime?model=tutor`, () => entry.subprotocols(), { change: changed, refused });
const transcript = new Transcript(
  byId("turns", HTMLElement),
  (item) => talk.replay(item),
  (item) => talk.speaker.kept.has(item),
);
const stage = new Stage({
  retryLink: () => talk.link.retry(),
  retryDevices: () => void talk.openDevices(settings),
  restart: () => talk.dispatch({ type: "page.restart" }),
  leave,
  closeHint: () => talk.dispatch({ type: "page.hint_closed" }),
});
const hero = new Companion(byId("atom-hero", HTMLCanvasElement), () => 0);
const atom = new Companion(byId("atom", HTMLCanvasElement), loudness);

/** How loud the one who speaks is. */
function loudness() {
  return phaseOf(talk.state) === "speaking" ? talk.speaker.level : talk.level;
}

/** Draws at most once a frame, however many events a frame brings. @param {State} state @param {State} before */
function changed(state, before) {
  if (state.turns !== before.turns || state.lesson !== before.lesson) keep(state, before);
  announce(state, before);
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    draw(talk.state);
  });
}

/** @param {State} state */
function draw(state) {
  const inTalk = state.view === "talk";
  document.body.dataset.view = state.view;
  byId("talk", HTMLElement).hidden = byId("lesson-head", HTMLElement).hidden = !inTalk;
  byId("choose", HTMLElement).hidden = inTalk;
  if (!inTalk) return;
  atom.show(phaseOf(state));
  transcript.show(state);
  stage.show(state, titleOf(lessons, state.lesson.id || state.wanted, state.lesson.title));
  stage.banner(state, performance.now());
  if (state.playing === "" || state.latencies !== shown?.latencies) {
    showLatency(byId("latency", HTMLElement), state.latencies, talk.speaker.counts);
  }
  shown = state;
  showAgain(state);
}

/** Whole turns are kept, not every word. @param {State} state @param {State} before */
function keep(state, before) {
  const settled = (/** @type {State} */ one) => one.turns.filter((turn) => turn.over).length;
  const grew = settled(state) !== settled(before) || state.lesson !== before.lesson || feedbacks(state) !== feedbacks(before);
  if (state.view !== "talk" || !grew) return;
  history = withTalk(history, state, Date.now());
  saveHistory(store, history);
}

/** @param {State} state */
function feedbacks(state) {
  const told = state.turns.map((turn) => (turn.who === "learner" ? turn.feedback : null));
  return told.reduce((sum, feedback) => sum + (feedback === null ? 0 : 1 + feedback.corrections.length), 0);
}

/**
 * For screen readers: the learner's words when they are final, and corrections. The tutor is heard, so its
 * captions are not read over its voice.
 * @param {State} state @param {State} before
 */
function announce(state, before) {
  if (phaseOf(state) === "lost" && phaseOf(before) !== "lost") byId("announce", HTMLElement).textContent = t("phase.lost");
  if (state.turns === before.turns) return;
  const last = state.turns.findLast((turn) => turn.who === "learner");
  const old = before.turns.find((turn) => turn.id === last?.id);
  if (last?.who !== "learner" || !last.over || old === last) return;
  const { committed, feedback } = last;
  const better = (feedback ? mended(feedback) : []).map((one) => `${t("feedback.we_say")} ${one.better}. ${inLanguage(one.note)}`).join(" ");
  byId("announce", HTMLElement).textContent = better || (feedback ? t(`feedback.${feedback.verdict}`) : `${t("talk.you")}: ${committed}`);
}

/** The server knows the key no more: it was started with others. */
function refused() {
  entry.forget();
  leave();
  keyDialog.open("key.changed");
}

/** A key that the address brought along is no longer shown there. Until the door is known it stays where it is. */
async function enter() {
  if (door === null) return;
  const key = keyIn(location.hash);
  if (key !== "") window.history.replaceState(null, "", location.pathname + location.search);
  if (!entry.keys) return;
  if (key !== "") await keyDialog.offer(key);
  else if (entry.shut) keyDialog.open();
}

/** In the tap: sound and microphone are opened here. @param {string} lesson @param {{session: string, turns: State["turns"]}} earlier */
function begin(lesson, earlier) {
  if (entry.shut) {
    keyDialog.open();
    return;
  }
  transcript.clear();
  void talk.start(lesson, settings, earlier);
  drawLesson();
  byId("main", HTMLElement).focus();
}

/** What the lesson is about, beside the captions and above them. */
function drawLesson() {
  const { lesson, wanted } = talk.state;
  const offer = lessons.find((one) => one.id === (lesson.id || wanted));
  byId("vocabulary", HTMLElement).replaceChildren(...vocabulary(offer));
  byId("intro", HTMLElement).replaceChildren(...intro(offer));
}

function leave() {
  talk.leave();
  drawChoice();
  byId("main", HTMLElement).focus();
}

async function loadLessons() {
  const node = byId("lessons", HTMLElement);
  const problem = byId("choose-problem", HTMLElement);
  try {
    [door, lessons] = await Promise.all([fetchDoor(), fetchLessons()]);
    entry.keys = door.keys;
    showProblem(problem, null, loadLessons);
    void enter();
  } catch {
    showProblem(problem, "server", loadLessons);
  }
  node.setAttribute("aria-busy", "false");
  drawChoice();
}

function drawChoice() {
  byId("honest", HTMLElement).textContent = door === null ? "" : honestly(door);
  showChoice(lessons, door?.chat ?? false, history, {
    start: (lesson) => begin(lesson, { session: "", turns: [] }),
    goOn: (last) => begin(last.lesson, { session: last.id, turns: turnsOf(last) }),
  });
  byId("mode-choose", HTMLElement).replaceWith(Object.assign(modeField(settings, change), { id: "mode-choose" }));
}

/** @param {Partial<Settings>} part */
function change(part) {
  const before = settings;
  settings = { ...settings, ...part };
  saveSettings(store, settings);
  dress();
  if (part.mode !== undefined) drawChoice();
  if (part.language !== undefined) void speakIn(part.language);
  void talk.change(settings, before);
}

/** The colours that were chosen. */
function dress() {
  document.documentElement.dataset.theme = settings.theme;
  hero.restyle();
  atom.restyle();
}

/** @param {string} code */
async function speakIn(code) {
  await speak(code);
  byId("language", HTMLSelectElement).value = code;
  if (byId("settings", HTMLDialogElement).open) await drawSettings();
  document.title = t("page.title");
  keyDialog.speak();
  drawChoice();
  drawLesson();
  draw(talk.state);
}

function bind() {
  const on = {
    press: () => talk.press(),
    letGo: () => talk.letGo(),
    toggle: () => talk.dispatch({ type: "page.mute", on: !talk.state.muted }),
    pushes: () => talk.state.view === "talk" && talk.state.setup?.mode === "push",
  };
  bindMainButton(byId("main-button", HTMLElement), on);
  bindSpaceBar(byId("main-button", HTMLElement), on);
  const click = (/** @type {string} */ id, /** @type {() => void} */ act) => byId(id, HTMLElement).addEventListener("click", act);
  click("leave", leave);
  click("home", () => (talk.state.view === "talk" ? leave() : scrollTo(0, 0)));
  click("ask-hint", () => talk.dispatch({ type: "page.hint" }));
  bindAgain((slower) => talk.dispatch({ type: "page.again", slower }));
  click("open-settings", openSettings);
  click("clear-history", () => {
    if (!confirm(t("history.sure"))) return;
    history = nothing;
    saveHistory(store, history);
    drawChoice();
  });
  addEventListener("hashchange", () => {
    if (keyIn(location.hash) !== "") void enter();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
}

function drawSettings() {
  return showSettings(byId("settings-fields", HTMLElement), settings, known, change);
}

async function openSettings() {
  await drawSettings();
  byId("settings", HTMLDialogElement).showModal();
}

/** The meter moves with every frame of the screen; the rest of the page only when something happens. */
function meter() {
  requestAnimationFrame(meter);
  if (talk.state.view !== "talk") return;
  const share = Math.min(1, Math.sqrt(talk.level * 4));
  const node = byId("meter", HTMLElement);
  for (const one of [node, byId("main-button", HTMLElement)]) one.style.setProperty("--level", share.toFixed(2));
  node.setAttribute("aria-valuenow", String(Math.round(share * 10) * 10));
  if (talk.state.link === "lost") stage.banner(talk.state, performance.now());
}

async function open() {
  known = await languages();
  const code = pickLanguage(settings.language, navigator.languages, known);
  settings = { ...settings, language: code };
  const chooser = byId("language", HTMLSelectElement);
  chooser.append(...known.map(({ code: value, name }) => el("option", { value, lang: value, selected: value === code }, name)));
  chooser.addEventListener("change", () => change({ language: chooser.value }));
  dress();
  bind();
  expose(talk);
  await speakIn(code);
  await loadLessons();
  meter();
}

await open();
