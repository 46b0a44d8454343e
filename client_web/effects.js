// @ts-check
/** What the page does about an event: a pure function of the state before it. */

/** @import { ClientEvent, TutorAgain } from "./protocol" */
/** @import { Passage } from "./speaker.js" */
/** @import { Setup, State, TalkEvent } from "./state.js" */

/**
 * @typedef {{do: "send", event: ClientEvent}
 *   | {do: "connect"} | {do: "disconnect"}
 *   | {do: "begin", item: string, clip: number}
 *   | {do: "end", item: string}
 *   | {do: "again", passage: Passage, samples: number}
 *   | {do: "stop_replay"}
 *   | {do: "clear"}
 *   | {do: "forget"}
 *   | {do: "duck", on: boolean}} Effect
 */

/** How often the server hears how far the learner's ears have got. */
const PLAYHEAD_MS = 100;

/** The server's own. */
export const USUAL_THRESHOLD = 0.5;

/** Languages whose notes the server can give. */
const NOTED = new Set(["en", "es"]);

/** @param {State} state the state before the event @param {TalkEvent} event @returns {Effect[]} */
export function effectsOf(state, event) {
  switch (event.type) {
    case "page.live":
      return [{ do: "connect" }];
    case "page.meet":
      return state.waits && state.link === "open" ? [send({ type: "response.create" })] : [];
    case "page.forget":
      return [{ do: "forget" }, ...(state.link === "open" ? [send({ type: "tutor.forget" })] : []), { do: "disconnect" }];
    case "page.leave":
      return [{ do: "clear" }, { do: "disconnect" }];
    case "page.setup":
      return state.link === "open" ? configure(event.setup) : [];
    case "page.closed":
      return [...stopReplay(state), ...(state.playing === "" ? [] : [end(state.playing)])];
    case "page.press":
      return state.link === "open" ? press(state) : [];
    case "page.release":
      return state.held ? [send({ type: "input_audio_buffer.commit" }), send({ type: "response.create" })] : [];
    case "page.hint":
      return [send({ type: "tutor.hint" })];
    case "page.again":
      return !event.slower && state.replay !== null ? stopReplay(state) : [send({ type: "tutor.again", slower: event.slower })];
    case "page.restart":
      return [...hush(state), ...begin(state.lesson.id)];
    case "page.played":
      return passed(state, event.item, event.played_ms) ? [playhead(event)] : [];
    case "page.drained":
    case "page.cleared":
      return event.item === "" ? [] : [playhead(event)];
    default:
      return onServer(state, event);
  }
}

/** @param {State} state @param {TalkEvent} event @returns {Effect[]} */
function onServer(state, event) {
  switch (event.type) {
    case "session.created":
      return state.resuming ? [send({ type: "tutor.resume", session_id: state.session })] : opening(state);
    case "tutor.resumed":
      return state.setup === null ? [] : configure(state.setup);
    case "error":
      return state.resuming ? opening(state) : [];
    case "response.created":
      // To what was said before: it would speak into what is being said, and stand in the way of the answer to that.
      return state.held ? [send({ type: "response.cancel" }), { do: "clear" }] : stopReplay(state);
    case "tutor.clip":
      return [{ do: "begin", item: event.item_id, clip: event.clip }];
    case "tutor.again":
      return [again(event)];
    case "input_audio_buffer.speech_started":
      return stopReplay(state);
    case "tutor.duck":
      return [{ do: "duck", on: event.on }];
    case "response.output_audio.done":
      return [end(event.item_id)];
    case "response.done":
      return done(state, event.response.id, event.response.status);
    case "conversation.item.truncated":
      return [{ do: "clear" }];
    default:
      return [];
  }
}

/** @param {State} state @returns {Effect[]} */
function opening(state) {
  const first = state.setup === null ? [] : configure(state.setup);
  return [...first, ...begin(state.lesson.id || state.wanted, state.waits)];
}

/** @param {string} lesson @param {boolean} [waits] the tutor speaks only when somebody is there @returns {Effect[]} */
function begin(lesson, waits = false) {
  const chosen = send({ type: "tutor.settings", lesson });
  return waits ? [chosen] : [chosen, send({ type: "response.create" })];
}

/** @param {Setup} setup @returns {Effect[]} */
function configure({ rate, mode, voice, tongue, patience, pace, threshold }) {
  const raised = threshold === USUAL_THRESHOLD ? {} : { threshold };
  const turn_detection = mode === "push" ? null : { type: "server_vad", ...raised };
  const input = { format: { type: "audio/pcm", rate }, turn_detection };
  const session = { type: "realtime", audio: { input, ...(voice === "" ? {} : { output: { voice } }) } };
  /** @type {"en" | "es"} */
  const mother_tongue = NOTED.has(tongue) ? /** @type {"es"} */ (tongue) : "en";
  return [
    ...(mode === "push" && threshold !== USUAL_THRESHOLD ? judge(threshold) : []),
    send({ type: "session.update", session }),
    send({ type: "tutor.settings", mother_tongue, patience, speech_rate: pace }),
  ];
}

/** A pushed utterance without speech is no answer, and what is speech is judged as it was before detection went off. @param {number} threshold @returns {Effect[]} */
function judge(threshold) {
  const input = { turn_detection: { type: "server_vad", threshold } };
  return [send({ type: "session.update", session: { type: "realtime", audio: { input } } })];
}

/** @param {State} state @returns {Effect[]} */
function press(state) {
  return [...hush(state), send({ type: "input_audio_buffer.clear" })];
}

/** The tutor falls silent, and forgets what was not heard. @param {State} state @returns {Effect[]} */
function hush(state) {
  if (state.response !== "") return [send({ type: "response.cancel" }), { do: "clear" }];
  const turn = state.turns.find((one) => one.id === state.playing);
  if (turn === undefined || turn.who !== "tutor") return [{ do: "clear" }];
  const audio_end_ms = turn.played_ms;
  return [
    { do: "clear" },
    send({ type: "conversation.item.truncate", item_id: turn.id, content_index: 0, audio_end_ms }),
  ];
}

/** @param {State} state @param {string} response @param {string} status @returns {Effect[]} */
function done(state, response, status) {
  if (status === "cancelled") return [{ do: "clear" }];
  const items = state.turns.filter((turn) => turn.who === "tutor" && turn.response === response);
  return items.map((turn) => end(turn.id));
}

/** @param {TutorAgain} event @returns {Effect} */
function again({ item_id: item, start_ms, speed, samples }) {
  return { do: "again", passage: { item, start_ms, speed }, samples };
}

/** @param {State} state @returns {Effect[]} */
function stopReplay(state) {
  return state.replay === null ? [] : [{ do: "stop_replay" }];
}

/** @param {string} item @returns {Effect} */
function end(item) {
  return { do: "end", item };
}

/** Whether the playhead has crossed into another tenth of a second. @param {State} state @param {string} item @param {number} played_ms */
function passed(state, item, played_ms) {
  const turn = state.turns.find((one) => one.id === item);
  const before_ms = turn?.who === "tutor" ? turn.played_ms : 0;
  return Math.floor(played_ms / PLAYHEAD_MS) > Math.floor(before_ms / PLAYHEAD_MS);
}

/** @param {{item: string, played_ms: number}} news @returns {Effect} */
function playhead({ item, played_ms }) {
  return send({ type: "tutor.playhead", item_id: item, played_ms });
}

/** @param {ClientEvent} event @returns {Effect} */
function send(event) {
  return { do: "send", event };
}
