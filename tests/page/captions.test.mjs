// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { caption, isEmpty, markedWords, mended, textOf } from "../../client_web/captions.js";

/** @import { Feedback, LearnerTurn, Turns, TutorTurn } from "../../client_web/captions.js" */

/** @param {...object} events @returns {Turns} */
function captioned(...events) {
  /** @type {Turns} */
  let turns = [];
  for (const event of events) turns = caption(turns, /** @type {Parameters<typeof caption>[1]} */ (event));
  return turns;
}

const started = { type: "input_audio_buffer.speech_started", item_id: "l1" };
const delta = (/** @type {string} */ text) => ({ type: "conversation.item.input_audio_transcription.delta", item_id: "l1", delta: text });
const tentative = (/** @type {string} */ text) => ({ type: "tutor.transcript.tentative", item_id: "l1", text });
const completed = (/** @type {string} */ transcript) => ({ type: "conversation.item.input_audio_transcription.completed", item_id: "l1", transcript });

const clip = (/** @type {number} */ number, /** @type {string} */ text) => ({ type: "tutor.clip", response_id: "r1", item_id: "t1", clip: number, text });
const words = (/** @type {number} */ number, /** @type {[string, number, number][]} */ ...said) => ({
  type: "tutor.caption", item_id: "t1", clip: number, words: said.map(([text, start_ms, end_ms]) => ({ text, start_ms, end_ms })),
});
const audio = (/** @type {number} */ number, /** @type {number} */ ms) => ({ type: "page.audio", item: "t1", clip: number, samples: ms * 24 });
const played = (/** @type {number} */ ms, type = "page.played") => ({ type, item: "t1", played_ms: ms });

/** @param {Turns} turns */
function marks(turns) {
  return markedWords(/** @type {TutorTurn} */ (turns[0])).map(({ text, mark }) => `${text.trim()}:${mark}`).join(" ");
}

/** @param {...object} events @returns {Feedback} */
function captionedFeedback(...events) {
  const [turn] = captioned(started, completed("I am agree with you."), ...events);
  const { feedback } = /** @type {LearnerTurn} */ (turn);
  assert.ok(feedback);
  return feedback;
}

const HELLO = [
  clip(0, "Hello, friend!"), words(0, ["Hello", 0, 300], ["friend", 350, 800]), audio(0, 1000),
  clip(1, "Sit down."), words(1, ["Sit", 0, 200], ["down", 200, 500]), audio(1, 600),
];

test("committed words are kept and the tentative tail is replaced", () => {
  const turns = captioned(started, delta("I would "), tentative("like to"), delta("like "), tentative("a tea"));
  assert.equal(textOf(turns[0]), "I would like a tea");
  assert.equal(/** @type {LearnerTurn} */ (turns[0]).tentative, "a tea");
});

test("deltas may come before anything else is known of their item", () => {
  assert.equal(textOf(captioned(delta("Yes "))[0]), "Yes");
});

test("the final transcript ends the tail and the turn", () => {
  const [turn] = captioned(started, delta("I like "), tentative("tee"), completed("I like tea."));
  assert.equal(textOf(turn), "I like tea.");
  assert.equal(turn.over, true);
});

test("a learner who goes on after a false endpoint goes on in the same turn", () => {
  const turns = captioned(started, delta("I want "), completed("I want"), started, delta(" some tea "));
  assert.equal(turns.length, 1);
  assert.equal(turns[0].over, false);
  assert.equal(textOf(turns[0]), "I want some tea");
});

test("feedback stays beside the turn it belongs to", () => {
  const feedback = { type: "tutor.feedback", item_id: "l1", verdict: "mistake", said: "I want eat", better: "I want to eat", note: {}, corrections: [] };
  const turns = captioned(started, completed("I want eat."), clip(0, "Good."), feedback);
  assert.equal(/** @type {LearnerTurn} */ (turns[0]).feedback?.better, "I want to eat");
  assert.equal(turns.length, 2);
});

test("what was noticed besides stands beside the lesson's verdict", () => {
  const note = { en: "We say this.", es: "Se dice así." };
  const one = { rule: "agree", said: "I am agree", better: "I agree", sentence: "I agree with you.", note };
  const besides = { type: "tutor.feedback", item_id: "l1", verdict: "right", said: null, better: null, note: {}, corrections: [one] };
  const feedback = captionedFeedback({ ...besides, note: { en: "Good." }, corrections: [] }, besides);
  assert.deepEqual([feedback.verdict, feedback.note], ["right", { en: "Good." }]);
  assert.deepEqual(mended(feedback), [{ said: "I am agree", better: "I agree with you.", note }]);
  const alone = captionedFeedback({ ...besides, verdict: "correction" });
  assert.deepEqual(mended(alone), mended(feedback));
});

test("a lesson's own correction comes first", () => {
  const mistake = { type: "tutor.feedback", item_id: "l1", verdict: "mistake", said: "I want eat", better: "I want to eat", note: {}, corrections: [] };
  assert.deepEqual(mended(captionedFeedback(mistake)), [{ said: "I want eat", better: "I want to eat", note: {} }]);
  assert.deepEqual(mended(captionedFeedback({ ...mistake, better: null })), []);
});

test("silence is shown only when the tutor said something about it", () => {
  assert.equal(isEmpty(captioned(started, completed(""))[0]), true);
  const silence = { type: "tutor.feedback", item_id: "l1", verdict: "silence", note: {}, corrections: [] };
  assert.equal(isEmpty(captioned(started, completed(""), silence)[0]), false);
});

test("words are marked by the playhead over the clips of an item", () => {
  assert.equal(marks(captioned(...HELLO)), "Hello,:ahead friend!:ahead Sit:ahead down.:ahead");
  assert.equal(marks(captioned(...HELLO, played(400))), "Hello,:heard friend!:now Sit:ahead down.:ahead");
  assert.equal(marks(captioned(...HELLO, played(1100))), "Hello,:heard friend!:heard Sit:now down.:ahead");
  assert.equal(marks(captioned(...HELLO, played(1600, "page.drained"))), "Hello,:heard friend!:heard Sit:heard down.:heard");
});

test("punctuation and capitals of the text stay, whatever the voice calls its words", () => {
  const turns = captioned(clip(0, "“It's 5 o'clock,” she said."), words(0, ["it's", 0, 9], ["FIVE", 9, 18], ["o'clock", 18, 30], ["she", 30, 40], ["said", 40, 50]));
  assert.equal(textOf(turns[0]), "“It's 5 o'clock,” she said.");
});

test("a clip without word times is marked by its length", () => {
  assert.equal(marks(captioned(clip(0, "aaaa bbbb"), audio(0, 1000), played(600))), "aaaa:heard bbbb:now");
});

test("word times that come bit by bit are put together, better ones replace", () => {
  const base = [clip(0, "one two three"), audio(0, 900), words(0, ["one", 0, 300])];
  assert.equal(marks(captioned(...base, words(0, ["two", 300, 600], ["three", 600, 900]), played(500))), "one:heard two:now three:ahead");
  assert.equal(marks(captioned(...base, words(0, ["one", 0, 100], ["two", 100, 200], ["three", 200, 300]), played(150))), "one:heard two:now three:ahead");
});

test("after an interruption only what was heard remains", () => {
  const cancelled = { type: "response.done", response: { id: "r1", status: "cancelled" } };
  assert.equal(textOf(captioned(...HELLO, played(400), cancelled)[0]), "Hello, friend!");
  assert.equal(textOf(captioned(...HELLO, played(200, "page.cleared"))[0]), "Hello,");
  assert.equal(isEmpty(captioned(...HELLO, cancelled)[0]), true);
});

test("a reply that was heard to its end is not cut by a late cancellation", () => {
  const cancelled = { type: "response.done", response: { id: "r1", status: "cancelled" } };
  const [turn] = captioned(...HELLO, played(1600, "page.drained"), cancelled);
  assert.equal(textOf(turn), "Hello, friend! Sit down.");
  assert.equal(/** @type {TutorTurn} */ (turn).cut, false);
});

test("a reply without a voice is shown as text", () => {
  const turns = captioned({ type: "response.output_text.delta", item_id: "t1", delta: "Hello" }, { type: "response.output_text.delta", item_id: "t1", delta: " there" });
  assert.equal(textOf(turns[0]), "Hello there");
});

test("a resumed talk shows what the server remembers, and keeps this page's feedback", () => {
  const feedback = { type: "tutor.feedback", item_id: "l1", verdict: "right", note: {}, corrections: [] };
  const items = [
    { id: "t0", type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "Hello!" }] },
    { id: "l1", type: "message", role: "user", content: [{ type: "input_audio", transcript: "hi" }] },
    { id: "s1", type: "message", role: "system", content: [{ type: "input_text", text: "secret" }] },
  ];
  const turns = captioned(started, completed("Hi."), feedback, { type: "tutor.resumed", session: {}, items });
  assert.deepEqual(turns.map(textOf), ["Hello!", "Hi."]);
  assert.equal(/** @type {LearnerTurn} */ (turns[1]).feedback?.verdict, "right");
});
