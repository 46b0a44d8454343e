// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { effectsOf } from "../../client_web/effects.js";
import { initial, phaseOf, reduce, repeatable } from "../../client_web/state.js";

/** @import { Setup, State, TalkEvent } from "../../client_web/state.js" */

/** @type {Setup} */
const setup = { rate: 48000, mode: "open", voice: "alloy", tongue: "es", patience: "medium", pace: 1, threshold: 0.5 };
const start = { type: "page.start", lesson: "cafe", resume: "", turns: [] };
const live = { type: "page.live", setup };
const created = { type: "session.created", session: { id: "s1" } };
const lesson = { type: "tutor.lesson", lesson: "cafe", title: "Café", step: 0, steps: 10, finished: false };
const OPEN = [start, live, created, lesson];
const PUSH = [start, { type: "page.live", setup: { ...setup, mode: "push" } }, created, lesson];

const speechStarted = { type: "input_audio_buffer.speech_started", item_id: "l1" };
const speechStopped = { type: "input_audio_buffer.speech_stopped", item_id: "l1" };
const completed = (/** @type {string} */ transcript) => ({ type: "conversation.item.input_audio_transcription.completed", item_id: "l1", transcript });
const replying = [{ type: "response.created", response: { id: "r1" } }, { type: "tutor.clip", response_id: "r1", item_id: "t1", clip: 0, text: "Hello." }];
const played = (/** @type {number} */ played_ms, type = "page.played") => ({ type, item: "t1", played_ms });
const done = (/** @type {string} */ status) => ({ type: "response.done", response: { id: "r1", status } });
const failed = (/** @type {string} */ code) => ({ type: "error", error: { type: "invalid_request_error", code, message: "" } });

test("a talk that is ready for somebody says nothing and begins when they are there", () => {
  const waiting = [{ ...start, waits: true }, live, created, lesson];
  assert.deepEqual(effects(waiting.slice(0, 2), created), ["session.update", "tutor.settings", "tutor.settings"]);
  assert.deepEqual(effects(waiting, { type: "page.meet" }), ["response.create"]);
  assert.deepEqual(effects([...waiting, { type: "page.meet" }], { type: "page.meet" }), []);
  assert.equal(phaseOf(after(...waiting, { type: "page.meet" })), "thinking");
});

test("somebody who comes before the connection is greeted as soon as it is there", () => {
  const early = [{ ...start, waits: true }, live, { type: "page.meet" }];
  assert.deepEqual(effects(early, created), ["session.update", "tutor.settings", "tutor.settings", "response.create"]);
});

test("until the tutor's greeting is heard, or has failed, the room is not listened to", () => {
  const met = [{ ...start, waits: true }, live, created, lesson, { type: "page.meet" }, ...replying];
  assert.equal(after(...met).greeting, true);
  for (const end of [played(50), done("failed"), { type: "page.closed", retry_ms: 500 }]) assert.equal(after(...met, end).greeting, false);
});

test("a forgotten talk leaves nothing in the page, and the server is told while it can be", () => {
  const talked = [...OPEN, speechStarted, completed("my secret"), ...replying, played(50)];
  assert.deepEqual(effects(talked, { type: "page.forget" }), ["forget", "tutor.forget", "disconnect"]);
  assert.deepEqual(effects([...talked, { type: "page.closed", retry_ms: 500 }], { type: "page.forget" }), ["forget", "disconnect"]);
  assert.deepEqual(after(...talked, { type: "page.forget" }), initial);
});

test("a raised threshold is told, also where a button leads: by it a pushed utterance is judged", () => {
  const updates = (/** @type {string} */ mode) =>
    effectsOf(after(start, { type: "page.live", setup: { ...setup, mode, threshold: 0.75 } }), /** @type {TalkEvent} */ (/** @type {unknown} */ (created)))
      .flatMap((effect) => (effect.do === "send" && effect.event.type === "session.update" ? [/** @type {any} */ (effect.event.session).audio.input.turn_detection] : []));
  assert.deepEqual(updates("open"), [{ type: "server_vad", threshold: 0.75 }]);
  assert.deepEqual(updates("push"), [{ type: "server_vad", threshold: 0.75 }, null]);
});

/** @param {...object} events @returns {State} */
function after(...events) {
  let state = initial;
  for (const event of events) state = reduce(state, /** @type {TalkEvent} */ (event));
  return state;
}

/** @param {object[]} before @param {object} event */
function effects(before, event) {
  return effectsOf(after(...before), /** @type {TalkEvent} */ (event)).map((effect) => (effect.do === "send" ? effect.event.type : effect.do));
}

test("the phases of a turn, as the learner sees them", () => {
  /** @type {[object[], string][]} */
  const rows = [
    [[], "idle"],
    [[start], "starting"],
    [[start, live], "connecting"],
    [OPEN, "listening"],
    [[...OPEN, speechStarted], "hearing"],
    [[...OPEN, speechStarted, speechStopped], "thinking"],
    [[...OPEN, ...replying], "thinking"],
    [[...OPEN, ...replying, played(50)], "speaking"],
    [[...OPEN, ...replying, played(50), done("completed")], "speaking"],
    [[...OPEN, ...replying, played(50), done("completed"), played(90, "page.drained")], "listening"],
    [[...OPEN, ...replying, played(50), speechStarted], "hearing"],
    [[...OPEN, { type: "page.mute", on: true }], "muted"],
    [[...OPEN, { type: "page.replay", item: "t1", played_ms: 0 }], "speaking"],
    [[start, { type: "page.problem", problem: "permission" }], "blocked"],
    [[start, { type: "page.problem", problem: "permission" }, live], "connecting"],
    [PUSH, "ready"],
    [[...PUSH, { type: "page.press" }], "hearing"],
    [[...PUSH, { type: "page.press" }, { type: "page.release" }], "thinking"],
    [[...OPEN, { type: "page.closed", retry_ms: 500 }], "lost"],
    [[...OPEN, { type: "page.leave" }], "idle"],
  ];
  for (const [events, phase] of rows) assert.equal(phaseOf(after(...events)), phase, JSON.stringify(events.at(-1)));
});

test("a new talk says what it needs, then lets the tutor open it", () => {
  assert.deepEqual(effects([start, live], created), ["session.update", "tutor.settings", "tutor.settings", "response.create"]);
});

test("the session hears of the microphone's rate and of push-to-talk", () => {
  const [first] = effectsOf(after(start, PUSH[1]), /** @type {TalkEvent} */ (/** @type {object} */ (created)));
  assert.ok(first.do === "send" && first.event.type === "session.update");
  assert.deepEqual(first.event.session, {
    type: "realtime",
    audio: { input: { format: { type: "audio/pcm", rate: 48000 }, turn_detection: null }, output: { voice: "alloy" } },
  });
});

test("where no voice was chosen the server speaks with its own", () => {
  const own = { type: "page.live", setup: { ...setup, voice: "" } };
  const [first] = effectsOf(after(start, own), /** @type {TalkEvent} */ (/** @type {object} */ (created)));
  assert.ok(first.do === "send" && first.event.type === "session.update");
  const input = { format: { type: "audio/pcm", rate: 48000 }, turn_detection: { type: "server_vad" } };
  assert.deepEqual(first.event.session, { type: "realtime", audio: { input } });
});

test("a lost connection asks for the same talk again", () => {
  const lost = [...OPEN, { type: "page.closed", retry_ms: 500 }, { type: "page.connecting" }];
  const again = { type: "session.created", session: { id: "s2" } };
  assert.deepEqual(effects(lost, again), ["tutor.resume"]);
  const resumed = { type: "tutor.resumed", session: { id: "s1" }, items: [], lesson };
  assert.deepEqual(effects([...lost, again], resumed), ["session.update", "tutor.settings"]);
  assert.equal(after(...lost, again, resumed).session, "s1");
  assert.equal(phaseOf(after(...lost, again, resumed)), "listening");
});

test("a talk that the server has forgotten begins again, on the new session", () => {
  const lost = [...OPEN, { type: "page.closed", retry_ms: 500 }, { type: "session.created", session: { id: "s2" } }];
  const gone = failed("session_not_found");
  assert.deepEqual(effects(lost, gone), ["session.update", "tutor.settings", "tutor.settings", "response.create"]);
  const state = after(...lost, gone);
  assert.deepEqual([state.session, state.notice, state.link], ["s2", "started_afresh", "open"]);
});

test("a connection lost before its first session does not ask to resume", () => {
  assert.equal(after(start, live, { type: "page.closed", retry_ms: 500 }).resuming, false);
});

test("the server hears of the playhead every 100 ms, and once more at the end", () => {
  assert.deepEqual(effects([...OPEN, ...replying], played(53)), []);
  assert.deepEqual(effects([...OPEN, ...replying, played(53)], played(106)), ["tutor.playhead"]);
  assert.deepEqual(effects([...OPEN, ...replying, played(106)], played(159)), []);
  assert.deepEqual(effects([...OPEN, ...replying, played(106)], played(130, "page.drained")), ["tutor.playhead"]);
  assert.deepEqual(effects([...OPEN, ...replying, played(106)], played(130, "page.cleared")), ["tutor.playhead"]);
});

test("an interruption silences the loudspeaker", () => {
  assert.deepEqual(effects([...OPEN, ...replying, played(50)], done("cancelled")), ["clear"]);
  const truncated = { type: "conversation.item.truncated", item_id: "t1", content_index: 0, audio_end_ms: 50 };
  assert.deepEqual(effects([...OPEN, ...replying, done("completed"), played(50)], truncated), ["clear"]);
});

test("a reply that is complete lets its last clip play out", () => {
  assert.deepEqual(effects([...OPEN, ...replying], done("completed")), ["end"]);
});

test("pressing the button stops the tutor before it listens", () => {
  const press = { type: "page.press" };
  assert.deepEqual(effects(PUSH, press), ["clear", "input_audio_buffer.clear"]);
  assert.deepEqual(effects([...PUSH, ...replying, played(50)], press), ["response.cancel", "clear", "input_audio_buffer.clear"]);
  const late = [...PUSH, ...replying, done("completed"), played(50)];
  assert.deepEqual(effects(late, press), ["clear", "conversation.item.truncate", "input_audio_buffer.clear"]);
});

test("letting go sends the answer, and only if it was held", () => {
  const release = { type: "page.release" };
  assert.deepEqual(effects([...PUSH, { type: "page.press" }], release), ["input_audio_buffer.commit", "response.create"]);
  assert.deepEqual(effects(PUSH, release), []);
  assert.equal(phaseOf(after(...PUSH, release)), "ready");
});

test("a reply to what was said before does not come between what is being said and its answer", () => {
  const [made] = replying;
  const again = [...PUSH, { type: "page.press" }, { type: "page.release" }, { type: "page.press" }];
  assert.deepEqual(effects(again, made), ["response.cancel", "clear"]);
  assert.deepEqual(effects(again.slice(0, -1), made), []);
  // The two cross on the wire: the second answer is refused, and the first reply is the one that comes.
  const refused = [...again, made, { type: "page.release" }, failed("conversation_already_has_active_response")];
  assert.equal(phaseOf(after(...refused)), "thinking");
  assert.equal(phaseOf(after(...refused, done("completed"))), "ready");
});

test("nothing heard leads back to listening with a word about it", () => {
  const empty = after(...OPEN, speechStarted, speechStopped, completed(" "));
  assert.deepEqual([phaseOf(empty), empty.notice], ["listening", "nothing_heard"]);
  const tooShort = after(...PUSH, { type: "page.press" }, { type: "page.release" }, failed("input_audio_buffer_commit_empty"));
  assert.deepEqual([phaseOf(tooShort), tooShort.notice], ["ready", "nothing_heard"]);
  assert.equal(after(...OPEN, speechStarted, completed(""), speechStarted).notice, "");
});

test("what crosses on the wire is no trouble, other errors are", () => {
  assert.equal(after(...OPEN, failed("response_cancel_not_active")).notice, "");
  assert.equal(after(...OPEN, failed("engine_failed")).notice, "trouble");
  assert.equal(phaseOf(after(...OPEN, speechStarted, speechStopped, failed("engine_failed"))), "listening");
});

const HEARD = [...OPEN, ...replying, done("completed"), played(900), played(900, "page.drained")];
const again = { type: "tutor.again", item_id: "t1", text: "Hello.", start_ms: 300, speed: 0.75, samples: 9600, sample_rate: 24000 };

test("what the tutor said last can be asked for once it was heard, while nobody speaks", () => {
  const asked = { type: "page.again", slower: true };
  assert.deepEqual(effectsOf(after(...HEARD), /** @type {TalkEvent} */ (asked)), [{ do: "send", event: { type: "tutor.again", slower: true } }]);
  /** @type {[object[], boolean][]} */
  const rows = [
    [OPEN, false],
    [[...OPEN, ...replying], false],
    [[...OPEN, ...replying, played(50)], false],
    [HEARD, true],
    [[...HEARD, { type: "page.mute", on: true }], true],
    [[...HEARD, speechStarted], false],
    [[...HEARD, speechStarted, speechStopped], false],
    [[...HEARD, { type: "page.closed", retry_ms: 500 }], false],
    [[...HEARD, { type: "page.forget" }], false],
  ];
  for (const [events, can] of rows) assert.equal(repeatable(after(...events)), can, JSON.stringify(events.at(-1)));
});

test("what is said again is a replay of its place, and no word of the talk", () => {
  const passage = { item: "t1", start_ms: 300, speed: 0.75 };
  assert.deepEqual(effectsOf(after(...HEARD), /** @type {TalkEvent} */ (again)), [{ do: "again", passage, samples: 9600 }]);
  const state = after(...HEARD, again);
  assert.deepEqual([state.replay, phaseOf(state)], [{ item: "t1", played_ms: 300 }, "speaking"]);
  assert.deepEqual(state.turns, after(...HEARD).turns);
});

test("what is said again ends where anybody takes the floor, the connection breaks or it is stopped", () => {
  const saying = [...HEARD, again];
  for (const event of [speechStarted, replying[0], { type: "page.closed", retry_ms: 500 }, { type: "page.again", slower: false }]) {
    assert.deepEqual(effects(saying, event), ["stop_replay"], event.type);
    assert.ok(!effects(HEARD, event).includes("stop_replay"), event.type);
  }
  assert.deepEqual(effects(saying, { type: "page.again", slower: true }), ["tutor.again"]);
  assert.deepEqual(effects([...PUSH, ...HEARD.slice(4), again], { type: "page.press" }), ["clear", "input_audio_buffer.clear"]);
});

test("an answer that comes too late for it is no trouble", () => {
  assert.equal(after(...HEARD, failed("floor_taken")).notice, "");
});

test("a hint goes when its step is done", () => {
  const hint = { type: "tutor.hint", hint: { en: "Say hello." }, line: {} };
  assert.equal(after(...OPEN, hint, lesson).hint?.hint.en, "Say hello.");
  assert.equal(after(...OPEN, hint, { ...lesson, step: 1 }).hint, null);
});

test("what is taken home from a lesson stays until another begins", () => {
  const summary = { type: "tutor.summary", lesson: "cafe", right: 1, answers: 1, learnt: "A coffee, please.", note: {}, link: "", qr: "" };
  const over = [...OPEN, { ...lesson, finished: true }, summary];
  assert.equal(after(...over).summary?.learnt, "A coffee, please.");
  assert.equal(after(...over, lesson).summary, null);
});

test("what the page does not know of changes nothing, and is answered by nothing", () => {
  const event = { type: "tutor.of_tomorrow" };
  assert.deepEqual(after(...OPEN, event), after(...OPEN));
  assert.deepEqual(effects(OPEN, event), []);
});
