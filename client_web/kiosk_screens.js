// @ts-check
/** What the kiosk shows: one screen at a time, drawn from the kiosk's state and the talk's. */
import { showAgain } from "./again.js";
import { Companion } from "./companion.js";
import { byId, el, icon } from "./dom.js";
import { countdownOf, openingDay, screenOf, troubleOf } from "./kiosk_state.js";
import { phaseOf } from "./state.js";
import { Transcript } from "./transcript.js";
import { inLanguage, language, t } from "./words.js";

/** @import { Kiosk, Screen } from "./kiosk_state.js" */
/** @import { TutorSummary } from "./protocol" */
/** @import { State } from "./state.js" */
/** @import { Language } from "./words.js" */

const SCREENS = /** @type {const} */ (["attract", "visit", "summary", "farewell", "closed", "offline"]);
/** What was said before is out of sight: large type leaves no room. */
const SHOWN_TURNS = 4;
const ASLEEP = /** @type {const} */ ({ attract: "idle", farewell: "speaking", closed: "muted", offline: "lost" });

export class Screens {
  /** @param {() => number} loudness of the one who speaks */
  constructor(loudness) {
    this.transcript = new Transcript(byId("turns", HTMLElement), () => undefined, () => false);
    this.atom = new Companion(byId("atom", HTMLCanvasElement), loudness);
    this.others = Object.entries(ASLEEP).map(([screen, phase]) => {
      const atom = new Companion(byId(`atom-${screen}`, HTMLCanvasElement), () => 0);
      atom.show(phase);
      return atom;
    });
    /** @type {Screen | ""} */
    this.screen = "";
  }

  /** No motion. @param {boolean} quiet */
  calm(quiet) {
    document.body.classList.toggle("calm", quiet);
    for (const atom of [this.atom, ...this.others]) {
      if (atom.calm === quiet) continue;
      atom.calm = quiet;
      atom.restyle();
    }
  }

  /** @param {Kiosk} kiosk @param {State} state @param {number} now_ms */
  show(kiosk, state, now_ms) {
    const screen = screenOf(kiosk, now_ms);
    if (screen !== this.screen) this.#turnTo(screen);
    byId("finish", HTMLElement).hidden = screen !== "visit";
    byId("tongues", HTMLElement).hidden = screen !== "visit";
    if (screen === "visit") this.#visit(state);
    if (screen === "summary") this.#summary(state);
    if (screen === "closed") say(byId("opens", HTMLElement), opens(kiosk));
    if (screen === "offline") say(byId("reason", HTMLElement), reason(kiosk, state, now_ms));
    this.#countdown(countdownOf(kiosk, now_ms));
  }

  /** Nothing of the visitor stays on the page. */
  forget() {
    this.transcript.clear();
    for (const id of ["hint", "learnt", "announce"]) {
      const node = byId(id, HTMLElement);
      node.replaceChildren();
      delete node.dataset.told;
    }
    byId("hint", HTMLElement).hidden = true;
  }

  /** @param {Screen} screen */
  #turnTo(screen) {
    this.screen = screen;
    document.body.dataset.screen = screen;
    for (const one of SCREENS) byId(one, HTMLElement).hidden = one !== screen;
    if (screen === "visit") byId("main-button", HTMLElement).focus();
    if (screen === "summary") byId("done", HTMLElement).focus();
    if (screen === "offline" || screen === "farewell") say(byId("announce", HTMLElement), t(screen === "offline" ? "kiosk.offline" : "kiosk.goodbye"));
  }

  /** @param {State} state */
  #visit(state) {
    const phase = phaseOf(state);
    const push = state.setup?.mode !== "open";
    const visit = byId("visit", HTMLElement);
    visit.dataset.phase = phase;
    visit.dataset.mode = push ? "push" : "open";
    this.atom.show(phase);
    this.transcript.show({ ...state, turns: state.turns.slice(-SHOWN_TURNS) });
    say(byId("phase", HTMLElement), t(`phase.${phase}`));
    say(byId("phase-more", HTMLElement), more(state, push));
    const button = byId("main-button", HTMLButtonElement);
    button.hidden = !push;
    byId("open-ear", HTMLElement).hidden = push;
    say(byId("main-label", HTMLElement), t(state.held ? "talk.let_go" : "talk.hold"));
    button.classList.toggle("held", state.held);
    button.setAttribute("aria-pressed", String(state.held));
    showAgain(state);
    this.#hint(state);
  }

  /** @param {State} state */
  #hint({ hint }) {
    const node = byId("hint", HTMLElement);
    node.hidden = hint === null;
    const told = hint === null ? "" : `${language()} ${inLanguage(hint.hint)}`;
    if (hint === null || node.dataset.told === told) return;
    node.dataset.told = told;
    node.replaceChildren(el("p", { class: "hint-title" }, icon("hint"), t("talk.hint_title")), el("p", {}, inLanguage(hint.hint)));
  }

  /** @param {State} state */
  #summary({ summary }) {
    const node = byId("learnt", HTMLElement);
    const told = summary === null ? "" : `${language()} ${summary.event_id}`;
    if (summary === null || node.dataset.told === told) return;
    node.dataset.told = told;
    node.replaceChildren(...learntParts(summary));
  }

  /** @param {number | null} seconds */
  #countdown(seconds) {
    const dialog = byId("still-there", HTMLDialogElement);
    if (seconds === null) {
      if (dialog.open) dialog.close();
      return;
    }
    if (!dialog.open) dialog.showModal();
    say(byId("count", HTMLElement), String(seconds));
  }
}

/**
 * The buttons by which a language is chosen; on the first screen they begin a visit, too.
 * @param {readonly Language[]} known
 * @param {{choose: (code: string) => void, begin: () => void}} on
 */
export function drawLanguages(known, on) {
  const button = (/** @type {Language} */ { code, name }, /** @type {Record<string, string>} */ attributes) =>
    el("button", { type: "button", lang: code, "data-language": code, ...attributes }, name);
  const tongues = known.map((one) => button(one, { class: "tongue", "aria-pressed": String(one.code === language()) }));
  const begins = known.map((one) => button(one, { class: "begin" }));
  for (const node of [...tongues, ...begins]) node.addEventListener("click", () => on.choose(node.lang));
  for (const node of begins) {
    // A finger begins the visit where it comes down: there is no button left when it goes up.
    node.addEventListener("pointerdown", () => on.choose(node.lang));
    node.addEventListener("click", () => on.begin());
  }
  byId("tongues", HTMLElement).replaceChildren(...tongues);
  byId("begins", HTMLElement).replaceChildren(...begins);
}

/** The sentence to take home, and its code for a phone. @param {TutorSummary} summary */
function learntParts({ learnt, said, note, right, answers, qr }) {
  const words = el("div", { class: "learnt-words" });
  if (learnt) words.append(el("h2", {}, t("learnt.sentence")), el("p", { class: "learnt-sentence", lang: "en" }, learnt));
  if (said) words.append(el("p", { class: "learnt-said" }, t("feedback.you_said"), " ", el("s", { lang: "en" }, said)));
  words.append(el("p", { class: "learnt-note" }, inLanguage(note)));
  if (answers > 0) words.append(el("p", { class: "learnt-score" }, t("learnt.score", { right, answers })));
  const code = el("figure", { class: "learnt-code" }, el("img", { src: qr, alt: t("kiosk.code") }), el("figcaption", {}, t("kiosk.scan")));
  return [words, code];
}

/** @param {State} state @param {boolean} push */
function more(state, push) {
  const phase = phaseOf(state);
  if (state.notice !== "") return t(`notice.${state.notice}${state.notice === "nothing_heard" && push ? "_push" : ""}`);
  return phase === "ready" ? t("kiosk.ready") : phase === "speaking" || phase === "thinking" ? "" : t(`more.${phase}`);
}

/** @param {Kiosk} kiosk */
function opens({ standing }) {
  const day = openingDay(standing);
  return day === "" ? "" : t("kiosk.opens", { day: t(day), time: standing?.opens ?? "" });
}

/** For staff. @param {Kiosk} kiosk @param {State} state @param {number} now_ms */
function reason(kiosk, state, now_ms) {
  const trouble = troubleOf(kiosk, now_ms);
  return trouble === "" ? "" : `${t("kiosk.staff")} ${t(`kiosk.reason.${trouble}`)} (${trouble}, ${phaseOf(state)})`;
}

/** @param {Element} node @param {string} text */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
