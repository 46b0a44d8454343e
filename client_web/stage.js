// @ts-check
/** What surrounds the captions in a talk: Atom's phase, banner, problem, hint, finish, controls, progress. */
import { byId, el, icon } from "./dom.js";
import { phaseOf } from "./state.js";
import { inLanguage, t } from "./words.js";

/** @import { State } from "./state.js" */

/**
 * What the learner may ask for here.
 * @typedef {{retryLink: () => void, retryDevices: () => void, restart: () => void, leave: () => void,
 *            closeHint: () => void}} Wishes
 */

const MAIN = /** @type {const} */ ({ open: ["talk.mute", "mic"], muted: ["talk.unmute", "mic-off"], push: ["talk.hold", "mic"], held: ["talk.let_go", "mic"] });

export class Stage {
  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.wishes = wishes;
    this.told = "";
    this.countdown = 0;
    /** @type {State["hint"]} */
    this.hint = null;
  }

  /** @param {State} state @param {string} title of the lesson in the learner's language */
  show(state, title) {
    const phase = phaseOf(state);
    byId("talk", HTMLElement).dataset.phase = phase;
    say(byId("phase", HTMLElement), t(`phase.${phase}`));
    const over = state.replay !== null ? "again" : state.lesson.finished && (phase === "listening" || phase === "ready") ? "finished" : phase;
    say(byId("phase-more", HTMLElement), state.notice === "" || phase === "lost" ? t(`more.${over}`) : notice(state));
    byId("stage", HTMLElement).classList.toggle("noticed", state.notice !== "" && phase !== "lost");
    this.#progress(state, title);
    this.#controls(state);
    this.#problem(state);
    this.#hint(state);
    this.#finish(state);
  }

  /** @param {State} state @param {string} title */
  #progress({ lesson }, title) {
    say(byId("lesson-title", HTMLElement), title || lesson.title);
    say(byId("lesson-step", HTMLElement), lesson.steps === 0 ? "" : t("lesson.step", { step: shownStep(lesson), steps: lesson.steps }));
    const bar = byId("progress", HTMLElement);
    bar.hidden = lesson.steps === 0;
    bar.setAttribute("aria-valuemax", String(lesson.steps));
    bar.setAttribute("aria-valuenow", String(shownStep(lesson)));
    const share = lesson.steps === 0 ? 0 : (lesson.finished ? lesson.steps : lesson.step) / lesson.steps;
    bar.style.setProperty("--share", String(share));
  }

  /** @param {State} state */
  #controls(state) {
    const push = state.setup?.mode === "push";
    byId("talk", HTMLElement).dataset.mode = push ? "push" : "open";
    const [key, symbol] = MAIN[push ? (state.held ? "held" : "push") : state.muted ? "muted" : "open"];
    const button = byId("main-button", HTMLButtonElement);
    say(byId("main-label", HTMLElement), t(key));
    button.querySelector("use")?.setAttribute("href", `icons.svg#${symbol}`);
    button.disabled = state.setup === null || (push && state.link !== "open");
    button.classList.toggle("held", state.held);
    button.classList.toggle("off", !push && state.muted);
    button.setAttribute("aria-pressed", String(push ? state.held : !state.muted));
    byId("ask-hint", HTMLButtonElement).disabled = state.link !== "open" || state.lesson.id === "";
  }

  /** The banner over the captions: the connection. @param {State} state @param {number} now */
  banner(state, now) {
    const lost = phaseOf(state) === "lost";
    if (!lost) this.countdown = 0;
    else if (this.told !== `${state.retry_ms}`) this.countdown = now + state.retry_ms;
    this.told = lost ? `${state.retry_ms}` : "";
    const node = byId("banner", HTMLElement);
    node.hidden = !lost;
    if (!lost) return;
    const seconds = Math.ceil((this.countdown - now) / 1000);
    const words = state.retry_ms > 0 && seconds > 0 ? t("lost.wait", { n: seconds }) : t("lost.now");
    if (node.firstElementChild === null) {
      const retry = el("button", { type: "button", class: "small" });
      retry.addEventListener("click", () => this.wishes.retryLink());
      node.append(icon("plug"), el("span", {}), retry);
    }
    say(node.children[1], words);
    say(node.children[2], t("lost.retry"));
  }

  /** @param {State} state */
  #problem({ problem }) {
    showProblem(byId("talk-problem", HTMLElement), problem, () => this.wishes.retryDevices());
  }

  /** @param {State} state */
  #hint({ hint }) {
    const node = byId("hint", HTMLElement);
    node.hidden = hint === null;
    const lang = document.documentElement.lang;
    if (hint === null || (hint === this.hint && node.lang === lang)) return;
    this.hint = hint;
    node.lang = lang;
    const close = el("button", { type: "button", class: "tiny", "aria-label": t("page.close"), title: t("page.close") }, icon("close"));
    close.addEventListener("click", () => this.wishes.closeHint());
    const asked = inLanguage(hint.line);
    node.replaceChildren(
      el("p", { class: "hint-title" }, icon("hint"), t("talk.hint_title"), close),
      el("p", {}, inLanguage(hint.hint)),
      ...(asked === "" ? [] : [el("p", { class: "hint-asked" }, `${t("talk.hint_asked")} `, el("q", {}, asked))]),
    );
  }

  /** @param {State} state */
  #finish(state) {
    const node = byId("finish", HTMLElement);
    const over = state.lesson.finished && phaseOf(state) !== "speaking" && state.response === "";
    node.hidden = !over;
    if (!over || node.dataset.told === document.documentElement.lang) return;
    node.dataset.told = document.documentElement.lang;
    const again = el("button", { type: "button", class: "primary" }, t("talk.start_again"));
    const other = el("button", { type: "button", class: "ghost" }, t("talk.other_lesson"));
    again.addEventListener("click", () => this.wishes.restart());
    other.addEventListener("click", () => this.wishes.leave());
    node.replaceChildren(icon("flag"), el("h2", {}, t("talk.finished")), el("p", {}, t("talk.finished_more")), el("div", { class: "row" }, again, other));
  }
}

/** Sets a text that has changed: what is set anew loses a selection and may be read aloud again. @param {Element} node @param {string} text */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {State["lesson"]} lesson */
function shownStep({ step, steps, finished }) {
  return finished ? steps : Math.min(step + 1, steps);
}

/** @param {State} state */
function notice(state) {
  const push = state.notice === "nothing_heard" && state.setup?.mode === "push";
  return t(`notice.${state.notice}${push ? "_push" : ""}`);
}

/**
 * A card that says what is wrong and what to do.
 * @param {HTMLElement} node
 * @param {string | null} problem
 * @param {() => void} onretry
 */
export function showProblem(node, problem, onretry) {
  node.hidden = problem === null;
  const told = `${problem} ${document.documentElement.lang}`;
  if (problem === null || node.dataset.told === told) return;
  node.dataset.told = told;
  const retry = el("button", { type: "button", class: "primary" }, t("page.retry"));
  retry.addEventListener("click", onretry);
  const able = problem !== "unsupported" && problem !== "insecure";
  node.replaceChildren(icon(problem === "server" ? "plug" : "mic-off"), el("h2", {}, t(`problem.${problem}.title`)), el("p", {}, t(`problem.${problem}.text`)), ...(able ? [retry] : []));
}
