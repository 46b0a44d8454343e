// @ts-check
/** The captions of both speakers: a pure reduction of server events and playback news to a list of turns. */

/** @import { ServerEvent, TutorFeedback, TutorResumed } from "./protocol" */

/**
 * @typedef {{text: string, start_ms: number, end_ms: number}} Word
 * @typedef {{clip: number, text: string, samples: number, words: readonly Word[]}} Clip
 * @typedef {Pick<TutorFeedback, "verdict" | "said" | "better" | "note" | "corrections">} Feedback
 * @typedef {Pick<TutorFeedback, "said" | "better" | "note">} Mended
 * @typedef {{who: "learner", id: string, committed: string, tentative: string, over: boolean,
 *            feedback: Feedback | null}} LearnerTurn
 * @typedef {{who: "tutor", id: string, response: string, clips: readonly Clip[], text: string, played_ms: number,
 *            over: boolean, cut: boolean}} TutorTurn
 * @typedef {LearnerTurn | TutorTurn} Turn
 * @typedef {readonly Turn[]} Turns
 * @typedef {{type: "page.audio", item: string, clip: number, samples: number}} AudioArrived
 * @typedef {{type: "page.played" | "page.drained" | "page.cleared", item: string, played_ms: number}} PlaybackNews
 * @typedef {{text: string, mark: "heard" | "now" | "ahead"}} MarkedWord
 */

export const PLAY_RATE = 24_000;

/** @param {Turns} turns @param {ServerEvent | AudioArrived | PlaybackNews} event @returns {Turns} */
export function caption(turns, event) {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      return learner(turns, event.item_id, (turn) => ({ ...turn, over: false, feedback: null }));
    case "conversation.item.input_audio_transcription.delta":
      return learner(turns, event.item_id, (turn) => ({ ...turn, committed: turn.committed + event.delta }));
    case "tutor.transcript.tentative":
      return learner(turns, event.item_id, (turn) => ({ ...turn, tentative: event.text }));
    case "conversation.item.input_audio_transcription.completed":
      return learner(turns, event.item_id, (turn) => whole(turn, event.transcript));
    case "conversation.item.input_audio_transcription.failed":
      return learner(turns, event.item_id, (turn) => whole(turn, turn.committed));
    case "tutor.feedback":
      return learner(turns, event.item_id, (turn) => ({ ...turn, over: true, feedback: feedbackOf(turn.feedback, event) }));
    case "conversation.item.deleted":
      return turns.filter((turn) => turn.id !== event.item_id);
    case "tutor.resumed":
      return resumed(turns, event);
    default:
      return tutorSaid(turns, event);
  }
}

/** @param {Turns} turns @param {ServerEvent | AudioArrived | PlaybackNews} event @returns {Turns} */
function tutorSaid(turns, event) {
  switch (event.type) {
    case "response.output_item.added":
      return tutor(turns, event.item.id ?? "", (turn) => ({ ...turn, response: event.response_id }));
    case "tutor.clip":
      return tutor(turns, event.item_id, (turn) => ({ ...turn, response: event.response_id, clips: withClip(turn, event) }));
    case "tutor.caption":
      return clip(turns, event.item_id, event.clip, (one) => ({ ...one, words: more(one.words, event.words) }));
    case "page.audio":
      return clip(turns, event.item, event.clip, (one) => ({ ...one, samples: one.samples + event.samples }));
    case "response.output_audio_transcript.delta":
    case "response.output_text.delta":
      return tutor(turns, event.item_id, (turn) => ({ ...turn, text: turn.text + event.delta }));
    case "page.played":
      return known(turns, event.item, (turn) => ({ ...turn, played_ms: event.played_ms }));
    case "page.drained":
      return known(turns, event.item, (turn) => ({ ...turn, played_ms: event.played_ms, over: true }));
    case "page.cleared":
      return known(turns, event.item, (turn) => ({ ...turn, played_ms: event.played_ms, over: true, cut: true }));
    case "conversation.item.truncated":
      return known(turns, event.item_id, (turn) => ({ ...turn, over: true, cut: true }));
    case "response.done":
      return event.response.status === "cancelled" ? cutReply(turns, event.response.id) : turns;
    default:
      return turns;
  }
}

/**
 * The tutor's words with how far the learner's ears have got. Words after a cut were never said and are left out.
 * @param {TutorTurn} turn
 * @param {number} [played_ms] the playhead, if not the turn's own (a replay's)
 * @returns {MarkedWord[]}
 */
export function markedWords(turn, played_ms = turn.played_ms) {
  if (turn.clips.length === 0) return [{ text: turn.text, mark: turn.over ? "heard" : "ahead" }];
  let offset_ms = 0;
  /** @type {MarkedWord[]} */
  const marked = [];
  for (const one of turn.clips) {
    const length_ms = (one.samples * 1000) / PLAY_RATE;
    for (const word of timedWords(one, length_ms)) {
      const mark = markOf(word, played_ms - offset_ms);
      if (!(turn.cut && mark === "ahead")) marked.push({ text: word.text, mark });
    }
    offset_ms += length_ms;
  }
  return marked;
}

/** All that a turn says, as plain text. @param {Turn} turn */
export function textOf(turn) {
  if (turn.who === "learner") return joined(turn.committed, turn.tentative);
  return markedWords(turn).map((word) => word.text).join("").trim();
}

/** What is said better: the lesson's own correction, then what else was noticed. @param {Feedback} feedback @returns {Mended[]} */
export function mended({ verdict, said, better, note, corrections }) {
  const own = verdict === "mistake" && better ? [{ said, better, note }] : [];
  return [...own, ...corrections.map((one) => ({ said: one.said, better: one.sentence, note: one.note }))];
}

/** A turn with nothing to show: no words and no feedback. @param {Turn} turn */
export function isEmpty(turn) {
  return textOf(turn) === "" && (turn.who === "tutor" || turn.feedback === null);
}

/** @param {string} committed @param {string} tentative */
export function joined(committed, tentative) {
  return [committed.trim(), tentative.trim()].filter(Boolean).join(" ");
}

/** @param {Word} word @param {number} now_ms @returns {MarkedWord["mark"]} */
function markOf(word, now_ms) {
  if (now_ms >= word.end_ms && now_ms > 0) return "heard";
  return now_ms > word.start_ms ? "now" : "ahead";
}

/** The clip's text cut where its timed words begin, so that punctuation stays. @param {Clip} one @param {number} length_ms */
function timedWords(one, length_ms) {
  const words = one.words.length > 0 ? one.words : spread(one.text, length_ms);
  const text = one.text.endsWith(" ") ? one.text : `${one.text} `;
  const lower = text.toLowerCase();
  /** @type {(Word & {at: number})[]} */
  const found = [];
  let from = 0;
  for (const word of words) {
    const sought = word.text.trim().toLowerCase();
    const at = lower.indexOf(sought, from);
    if (at < 0) continue;
    found.push({ ...word, at: found.length === 0 ? 0 : at });
    from = at + sought.length;
  }
  return found.map((word, i) => ({ ...word, text: text.slice(word.at, found[i + 1]?.at) }));
}

/** Word times by letters, for a voice that gives none. @param {string} text @param {number} length_ms @returns {Word[]} */
function spread(text, length_ms) {
  const words = text.split(/\s+/).filter(Boolean);
  const letters = words.reduce((sum, word) => sum + word.length, 0) || 1;
  let at = 0;
  return words.map((word) => {
    const start_ms = (at * length_ms) / letters;
    at += word.length;
    return { text: word, start_ms, end_ms: (at * length_ms) / letters };
  });
}

/** Word times come as they are known: later ones go on, others are better ones. @param {readonly Word[]} old @param {readonly Word[]} fresh */
function more(old, fresh) {
  const last = old.at(-1);
  const goesOn = last !== undefined && fresh.length > 0 && fresh[0].start_ms >= last.end_ms;
  return goesOn ? [...old, ...fresh] : fresh;
}

/** @param {LearnerTurn} turn @param {string} transcript @returns {LearnerTurn} */
function whole(turn, transcript) {
  return { ...turn, committed: transcript, tentative: "", over: true };
}

/** @param {Turns} turns @param {string} response @returns {Turns} */
function cutReply(turns, response) {
  return turns.map((turn) =>
    turn.who === "tutor" && turn.response === response && !turn.over ? { ...turn, over: true, cut: true } : turn,
  );
}

/** @param {TutorTurn} turn @param {{clip: number, text: string}} event @returns {readonly Clip[]} */
function withClip(turn, { clip: number, text }) {
  return [...turn.clips, { clip: number, text, samples: 0, words: [] }];
}

/** Corrections come after the lesson's verdict and stand beside it. @param {Feedback | null} before @param {TutorFeedback} event @returns {Feedback} */
function feedbackOf(before, { verdict, said, better, note, corrections }) {
  if (before !== null && corrections.length > 0) return { ...before, corrections };
  return { verdict, said, better, note, corrections };
}

/**
 * @param {Turns} turns
 * @param {string} id
 * @param {(turn: LearnerTurn) => LearnerTurn} change
 * @returns {Turns}
 */
function learner(turns, id, change) {
  /** @type {LearnerTurn} */
  const fresh = { who: "learner", id, committed: "", tentative: "", over: false, feedback: null };
  if (!turns.some((turn) => turn.id === id)) return [...turns, change(fresh)];
  return turns.map((turn) => (turn.id === id && turn.who === "learner" ? change(turn) : turn));
}

/**
 * @param {Turns} turns
 * @param {string} id
 * @param {(turn: TutorTurn) => TutorTurn} change
 * @returns {Turns}
 */
function tutor(turns, id, change) {
  if (turns.some((turn) => turn.id === id)) return known(turns, id, change);
  return [...turns, change({ who: "tutor", id, response: "", clips: [], text: "", played_ms: 0, over: false, cut: false })];
}

/**
 * @param {Turns} turns
 * @param {string} id
 * @param {(turn: TutorTurn) => TutorTurn} change
 * @returns {Turns}
 */
function known(turns, id, change) {
  return turns.map((turn) => (turn.id === id && turn.who === "tutor" ? change(turn) : turn));
}

/**
 * @param {Turns} turns
 * @param {string} id
 * @param {number} number
 * @param {(clip: Clip) => Clip} change
 * @returns {Turns}
 */
function clip(turns, id, number, change) {
  return known(turns, id, (turn) => ({
    ...turn,
    clips: turn.clips.map((one) => (one.clip === number ? change(one) : one)),
  }));
}

/** What the server remembers, in the words of this page where it has them. @param {Turns} turns @param {TutorResumed} event */
function resumed(turns, event) {
  const before = new Map(turns.map((turn) => [turn.id, turn]));
  /** @type {Turn[]} */
  const after = [];
  for (const item of event.items) {
    if (item.type !== "message" || item.role === "system") continue;
    const id = item.id ?? "";
    const text = item.content.map((part) => ("transcript" in part ? part.transcript : "text" in part ? part.text : "")).join(" ").trim();
    const old = before.get(id);
    if (old?.over && !isEmpty(old)) {
      after.push(old); // it knows its feedback and where it was cut
      continue;
    }
    if (item.role === "assistant") {
      after.push({ who: "tutor", id, response: "", clips: [], text, played_ms: 0, over: true, cut: false });
    } else {
      after.push({ who: "learner", id, committed: text, tentative: "", over: true, feedback: null });
    }
  }
  return after;
}
