// @ts-check
/** The captions as they are seen: one row for each turn, changed in place while it is spoken. */
import { isEmpty, markedWords, mended } from "./captions.js";
import { el, icon } from "./dom.js";
import { inLanguage, language, t } from "./words.js";

/** @import { Feedback, LearnerTurn, MarkedWord, Mended, Turn, TutorTurn } from "./captions.js" */
/** @import { State } from "./state.js" */

/**
 * One turn on the page and what it was drawn from.
 * @typedef {{node: HTMLElement, turn: Turn | null, told: string}} Row
 */

export class Transcript {
  /** @param {HTMLElement} list @param {(item: string) => void} onreplay @param {(item: string) => boolean} canReplay */
  constructor(list, onreplay, canReplay) {
    this.list = list;
    this.scroller = /** @type {HTMLElement} */ (list.parentElement);
    this.following = true;
    this.scroller.addEventListener("scroll", () => this.#noticeScroll(), { passive: true });
    const resized = new ResizeObserver(() => this.#follow());
    for (const part of [this.scroller, ...this.scroller.children]) resized.observe(part);
    this.onreplay = onreplay;
    this.canReplay = canReplay;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
  }

  /** @param {State} state */
  show(state) {
    const shown = state.turns.filter((turn) => !isEmpty(turn) || isLive(turn, state));
    this.#drop(new Set(shown.map((turn) => turn.id)));
    for (const turn of shown) this.#row(turn, state);
  }

  clear() {
    this.rows.clear();
    this.list.replaceChildren();
    this.following = true;
  }

  /** @param {Set<string>} ids */
  #drop(ids) {
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
  }

  /** Who scrolls back to read is left alone until they are at the end again. */
  #noticeScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight < 60;
  }

  #follow() {
    if (this.following) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** @param {Turn} turn @param {State} state */
  #row(turn, state) {
    const replay = state.replay?.item === turn.id ? state.replay.played_ms : null;
    const told = `${language()} ${replay} ${turn.over && this.canReplay(turn.id)}`;
    const row = this.rows.get(turn.id) ?? this.#added(turn);
    if (row.turn === turn && row.told === told) return;
    row.turn = turn;
    row.told = told;
    const focused = row.node.contains(document.activeElement);
    row.node.replaceChildren(...(turn.who === "tutor" ? this.#tutor(turn, replay) : learnerParts(turn)));
    if (focused) row.node.querySelector("button")?.focus();
  }

  /** @param {Turn} turn @returns {Row} */
  #added(turn) {
    const node = el("li", { class: `turn ${turn.who}`, "data-item": turn.id });
    const row = { node, turn: null, told: "" };
    this.rows.set(turn.id, row);
    this.list.append(node);
    return row;
  }

  /** @param {TutorTurn} turn @param {number | null} replay_ms */
  #tutor(turn, replay_ms) {
    const words = markedWords(turn, replay_ms ?? turn.played_ms);
    const text = el("p", { class: "said", lang: "en" }, ...words.flatMap(wordParts));
    if (turn.cut) text.append(el("span", { class: "cut", title: t("talk.cut") }, "—"));
    const who = el("p", { class: "who" }, "Atom");
    if (turn.over && this.canReplay(turn.id)) who.append(this.#replayButton(turn.id, replay_ms !== null));
    return [who, text];
  }

  /** @param {string} item @param {boolean} on */
  #replayButton(item, on) {
    const label = t(on ? "talk.replay_stop" : "talk.replay_this");
    const button = el("button", { class: "tiny", type: "button", "aria-label": label, title: label }, icon(on ? "stop" : "play"));
    button.addEventListener("click", () => this.onreplay(item));
    return button;
  }
}

/** The space behind a word is not underlined with it. @param {MarkedWord} word */
function wordParts({ text, mark }) {
  const bare = text.trimEnd();
  return [el("span", { class: mark }, bare), text.slice(bare.length)];
}

/** A turn that has begun and has no words yet. @param {Turn} turn @param {State} state */
function isLive(turn, state) {
  return turn.who === "learner" && !turn.over && state.hearing;
}

/** @param {LearnerTurn} turn */
export function learnerParts(turn) {
  const committed = turn.committed.trim();
  const tentative = turn.tentative.trim();
  const said = el("p", { class: "said", lang: "en" }, el("span", { class: "committed" }, committed));
  if (tentative !== "") said.append(committed === "" ? "" : " ", el("span", { class: "tentative" }, tentative));
  if (committed === "" && tentative === "") {
    said.append(turn.over ? el("span", { class: "tentative" }, t("talk.no_words")) : el("span", { class: "dots", "aria-hidden": "true" }, el("i", {}), el("i", {}), el("i", {})));
  }
  const parts = [el("p", { class: "who" }, t("talk.you")), said];
  if (turn.feedback !== null) parts.push(feedbackNote(turn.feedback));
  return parts;
}

/** @param {Feedback} feedback */
function feedbackNote(feedback) {
  const { verdict, note } = feedback;
  const symbol = { right: "check", mistake: "pencil", correction: "pencil", unclear: "ear", off_script: "compass", silence: "ear" }[verdict];
  const lines = el("div", { class: "feedback-text" });
  const corrected = verdict === "correction" || (verdict === "mistake" && feedback.better);
  if (!corrected) lines.append(el("p", {}, t(`feedback.${verdict}`)), ...whyLines(note));
  for (const one of mended(feedback)) lines.append(...mendedLines(one));
  return el("div", { class: `feedback ${verdict}`, "data-verdict": verdict }, icon(symbol), lines);
}

/** @param {Mended} mended */
function mendedLines({ said, better, note }) {
  const lines = [el("p", {}, t("feedback.we_say"), " ", el("strong", { lang: "en" }, better ?? ""))];
  if (said) lines.push(el("p", { class: "feedback-said" }, t("feedback.you_said"), " ", el("s", { lang: "en" }, said)));
  return [...lines, ...whyLines(note)];
}

/** @param {Feedback["note"]} note */
function whyLines(note) {
  const why = inLanguage(note);
  return why === "" ? [] : [el("p", { class: "feedback-note" }, why)];
}
