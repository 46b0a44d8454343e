// @ts-check
/** The page's state, and how every event changes it: pure, so that every moment of a talk can be tested. */
import { caption } from "./captions.js";

/** @import { ErrorEvent, ServerEvent, TutorHint, TutorLatency, TutorLesson, TutorSummary } from "./protocol" */
/** @import { AudioArrived, PlaybackNews, Turns } from "./captions.js" */

/**
 * What the learner chose, as the server needs to know it.
 * @typedef {{rate: number, mode: "open" | "push", voice: string, tongue: string, patience: "low" | "medium" | "high",
 *            pace: number, threshold: number}} Setup
 * @typedef {"permission" | "no_microphone" | "microphone_busy" | "microphone_lost" | "unsupported" | "insecure"} Problem
 * @typedef {{id: string, title: string, step: number, steps: number, finished: boolean}} Lesson
 * @typedef {"idle" | "starting" | "blocked" | "connecting" | "lost" | "listening" | "ready" | "muted" | "hearing" | "thinking"
 *           | "speaking"} Phase
 *
 * @typedef {{type: "page.start", lesson: string, resume: string, turns: Turns, waits?: boolean}
 *   | {type: "page.live", setup: Setup}
 *   | {type: "page.setup", setup: Setup}
 *   | {type: "page.meet"}
 *   | {type: "page.leave"}
 *   | {type: "page.forget"}
 *   | {type: "page.problem", problem: Problem}
 *   | {type: "page.connecting"}
 *   | {type: "page.closed", retry_ms: number}
 *   | {type: "page.press"} | {type: "page.release"}
 *   | {type: "page.mute", on: boolean}
 *   | {type: "page.hint"}
 *   | {type: "page.again", slower: boolean}
 *   | {type: "page.hint_closed"}
 *   | {type: "page.restart"}
 *   | {type: "page.replay", item: string, played_ms: number}
 *   | {type: "page.replayed"}
 *   | AudioArrived | PlaybackNews} PageEvent
 * @typedef {PageEvent | ServerEvent} TalkEvent
 */

/**
 * @typedef {object} State
 * @property {"choose" | "talk"} view
 * @property {"closed" | "connecting" | "open" | "lost"} link
 * @property {number} retry_ms how long until the next try to connect
 * @property {Setup | null} setup null until the microphone is there
 * @property {Problem | null} problem why the microphone or the loudspeaker is not
 * @property {string} notice a message's key, shown until the next turn; "" for none
 * @property {string} session the session's id; "" before the first
 * @property {string} offered the id of the connection's own session, taken when the old one is gone
 * @property {string} wanted the lesson to begin with
 * @property {boolean} waits the talk is ready and nobody is there yet: the tutor says nothing and hears nothing
 * @property {boolean} resuming the server was asked to go on with `session`
 * @property {boolean} greeting somebody has come and has not heard the tutor yet: what the room says meanwhile is no answer
 * @property {Lesson} lesson
 * @property {boolean} held push-to-talk is pressed
 * @property {boolean} muted
 * @property {boolean} hearing the learner speaks
 * @property {boolean} awaiting the learner has spoken, and no reply has begun
 * @property {string} response the reply under way; "" for none
 * @property {string} playing the item that is heard; "" for none
 * @property {{item: string, played_ms: number} | null} replay
 * @property {TutorHint | null} hint
 * @property {TutorSummary | null} summary what is taken home from the lesson; null before its end
 * @property {Turns} turns
 * @property {readonly TutorLatency[]} latencies the newest last
 */

const KEPT_LATENCIES = 20;

/** @type {State} */
export const initial = {
  view: "choose",
  link: "closed",
  retry_ms: 0,
  setup: null,
  problem: null,
  notice: "",
  session: "",
  offered: "",
  wanted: "",
  waits: false,
  greeting: false,
  resuming: false,
  lesson: { id: "", title: "", step: 0, steps: 0, finished: false },
  held: false,
  muted: false,
  hearing: false,
  awaiting: false,
  response: "",
  playing: "",
  replay: null,
  hint: null,
  summary: null,
  turns: [],
  latencies: [],
};

/** What Atom is doing, as the learner sees it. @param {State} state @returns {Phase} */
export function phaseOf(state) {
  if (state.view === "choose") return "idle";
  if (state.problem !== null) return "blocked";
  if (state.setup === null) return "starting";
  if (state.link === "lost") return "lost";
  if (state.link !== "open") return "connecting";
  if (state.hearing || state.held) return "hearing";
  if (state.playing !== "" || state.replay !== null) return "speaking";
  if (state.awaiting || state.response !== "") return "thinking";
  if (state.setup.mode === "push") return "ready";
  return state.muted ? "muted" : "listening";
}

/** Whether the tutor may be asked for what it said last: something was heard, and nobody speaks. @param {State} state */
export function repeatable(state) {
  const quiet = ["listening", "ready", "muted"].includes(phaseOf(state));
  return quiet && state.turns.some((turn) => turn.who === "tutor" && (turn.over || turn.played_ms > 0));
}

/** @param {State} state @param {TalkEvent} event @returns {State} */
export function reduce(state, event) {
  const turns = isCaptioned(event) ? caption(state.turns, event) : state.turns;
  const next = turns === state.turns ? state : { ...state, turns };
  return event.type.startsWith("page.")
    ? onPage(next, /** @type {PageEvent} */ (event))
    : onServer(next, /** @type {ServerEvent} */ (event));
}

/** @param {TalkEvent} event @returns {event is ServerEvent | AudioArrived | PlaybackNews} */
function isCaptioned(event) {
  if (!event.type.startsWith("page.")) return true;
  return ["page.audio", "page.played", "page.drained", "page.cleared"].includes(event.type);
}

/** @param {State} state @param {PageEvent} event @returns {State} */
function onPage(state, event) {
  switch (event.type) {
    case "page.start": {
      const { lesson: wanted, resume: session, turns, waits = false } = event;
      return { ...initial, view: "talk", wanted, session, resuming: session !== "", turns, waits };
    }
    case "page.meet":
      return state.waits ? { ...state, waits: false, greeting: true, awaiting: state.link === "open" } : state;
    case "page.leave":
    case "page.forget":
      return initial;
    case "page.live":
      return { ...state, setup: event.setup, problem: null, link: "connecting" };
    case "page.setup":
      return state.setup === null ? state : { ...state, setup: event.setup, problem: null, held: false, hearing: false };
    case "page.problem":
      return { ...state, problem: event.problem };
    case "page.connecting":
      return { ...state, retry_ms: 0 };
    case "page.closed":
      return { ...quiet(state), link: "lost", greeting: false, retry_ms: event.retry_ms, resuming: state.session !== "" };
    case "page.replay":
      return { ...state, replay: { item: event.item, played_ms: event.played_ms } };
    case "page.replayed":
      return { ...state, replay: null };
    default:
      return onControl(state, event);
  }
}

/** @param {State} state @param {PageEvent} event @returns {State} */
function onControl(state, event) {
  switch (event.type) {
    case "page.press":
      return { ...state, held: state.link === "open", notice: "" };
    case "page.release":
      return { ...state, held: false, awaiting: state.held };
    case "page.mute":
      return { ...state, muted: event.on };
    case "page.hint_closed":
      return { ...state, hint: null };
    case "page.restart":
      return { ...state, hint: null, notice: "", awaiting: true };
    case "page.played":
      return { ...state, playing: event.item, greeting: false };
    case "page.drained":
    case "page.cleared":
      return state.playing === event.item ? { ...state, playing: "" } : state;
    default:
      return state;
  }
}

/** @param {State} state @param {ServerEvent} event @returns {State} */
function onServer(state, event) {
  switch (event.type) {
    case "session.created":
      return onSession(state, String(event.session.id));
    case "tutor.resumed":
      return {
        ...quiet(state), link: "open", resuming: false, session: String(event.session.id),
        lesson: event.lesson ? lessonOf(event.lesson) : state.lesson,
      };
    case "error":
      return onError(state, event);
    case "tutor.lesson": {
      const hint = event.step === state.lesson.step ? state.hint : null;
      return { ...state, lesson: lessonOf(event), hint, summary: event.finished ? state.summary : null };
    }
    case "tutor.again":
      return { ...state, notice: "", replay: { item: event.item_id, played_ms: event.start_ms } };
    case "tutor.hint":
      return { ...state, hint: event };
    case "tutor.summary":
      return { ...state, summary: event };
    case "tutor.latency":
      return { ...state, latencies: [...state.latencies, event].slice(-KEPT_LATENCIES) };
    default:
      return onTurn(state, event);
  }
}

/** @param {State} state @param {ServerEvent} event @returns {State} */
function onTurn(state, event) {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      return { ...state, hearing: true, awaiting: false, notice: "" };
    case "input_audio_buffer.speech_stopped":
      return { ...state, hearing: false, awaiting: true };
    case "conversation.item.input_audio_transcription.completed":
      return event.transcript.trim() === "" && state.response === "" ? nothingHeard(state) : state;
    case "conversation.item.input_audio_transcription.failed":
      return state.response === "" ? { ...state, awaiting: false, notice: "trouble" } : state;
    case "response.created":
      return { ...state, response: event.response.id, awaiting: false, notice: "" };
    case "response.done": {
      if (event.response.id !== state.response) return state;
      return { ...state, response: "", greeting: false, notice: event.response.status === "failed" ? "trouble" : state.notice };
    }
    default:
      return state;
  }
}

/** @param {State} state @param {string} id @returns {State} */
function onSession(state, id) {
  if (state.resuming) return { ...state, offered: id };
  return { ...state, link: "open", session: id, offered: id };
}

/** @param {State} state @param {ErrorEvent} event @returns {State} */
function onError(state, { error }) {
  if (state.resuming) {
    return { ...quiet(state), link: "open", resuming: false, session: state.offered, notice: "started_afresh" };
  }
  if (error.code === "input_audio_buffer_commit_empty") return nothingHeard(state);
  if (error.code === "conversation_already_has_active_response") return { ...state, awaiting: false }; // that one comes
  if (HARMLESS.has(error.code ?? "")) return state;
  return { ...state, awaiting: false, notice: "trouble" };
}

/** Both sides may act at once; what crosses on the wire is no trouble. */
const HARMLESS = new Set(["response_cancel_not_active", "floor_taken"]);

/** @param {State} state @returns {State} */
function nothingHeard(state) {
  return { ...state, awaiting: false, notice: "nothing_heard" };
}

/** Nobody is in the middle of anything. @param {State} state @returns {State} */
function quiet(state) {
  return { ...state, held: false, hearing: false, awaiting: false, response: "" };
}

/** @param {TutorLesson} event @returns {Lesson} */
function lessonOf({ lesson: id, title, step, steps, finished }) {
  return { id, title, step, steps, finished };
}
