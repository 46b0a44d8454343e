// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../client_web/captions.js";
import { historyFrom, nothing, turnsOf, unfinished, withTalk } from "../../client_web/history.js";
import { initial } from "../../client_web/state.js";

/** @import { State } from "../../client_web/state.js" */
/** @import { Turn } from "../../client_web/captions.js" */

/** @type {Turn[]} */
const turns = [
  { who: "tutor", id: "t1", response: "r1", clips: [], text: "Hello!", played_ms: 0, over: true, cut: false },
  { who: "learner", id: "l1", committed: "Hi.", tentative: "", over: true, feedback: { verdict: "right", said: null, better: null, note: {}, corrections: [] } },
  { who: "learner", id: "l2", committed: "", tentative: "", over: true, feedback: null },
];

/** @param {string} session @param {Partial<State["lesson"]>} lesson @returns {State} */
function talk(session, lesson = {}) {
  return { ...initial, view: "talk", session, turns, lesson: { id: "cafe", title: "Café", step: 2, steps: 10, finished: false, ...lesson } };
}

test("a talk survives being written and read", () => {
  const history = withTalk(nothing, talk("s1"), 1000);
  const [kept] = historyFrom(JSON.stringify(history)).talks;
  assert.deepEqual(turnsOf(kept).map(textOf), ["Hello!", "Hi."]);
  assert.equal(kept.turns[1].feedback?.verdict, "right");
  assert.deepEqual([kept.lesson, kept.step, kept.at], ["cafe", 2, 1000]);
});

test("feedback that was kept before there were corrections has none", () => {
  const [kept] = historyFrom(JSON.stringify(withTalk(nothing, talk("s1"), 1000)).replaceAll(',"corrections":[]', "")).talks;
  const [, learner] = turnsOf(kept);
  assert.deepEqual(learner.who === "learner" && learner.feedback?.corrections, []);
});

test("a talk that goes on replaces itself and keeps its beginning", () => {
  const history = withTalk(withTalk(nothing, talk("s1"), 1000), talk("s1", { step: 3 }), 2000);
  assert.equal(history.talks.length, 1);
  assert.deepEqual([history.talks[0].step, history.talks[0].at], [3, 1000]);
});

test("the newest talk is first, and only the last twenty are kept", () => {
  let history = nothing;
  for (let i = 0; i < 25; i++) history = withTalk(history, talk(`s${i}`), i);
  assert.equal(history.talks.length, 20);
  assert.equal(history.talks[0].id, "s24");
});

test("a talk in which nothing was said is not kept", () => {
  assert.equal(withTalk(nothing, { ...talk("s1"), turns: [] }, 1), nothing);
});

test("only an unfinished last talk can be gone on with", () => {
  assert.equal(unfinished(withTalk(nothing, talk("s1"), 1))?.id, "s1");
  assert.equal(unfinished(withTalk(nothing, talk("s1", { finished: true }), 1)), null);
  assert.equal(unfinished(nothing), null);
});

test("a finished lesson stays done when it is talked through again", () => {
  const once = withTalk(nothing, talk("s1", { finished: true }), 1);
  assert.deepEqual(withTalk(once, talk("s2"), 2).done, ["cafe"]);
});

test("a spoilt storage is an empty history", () => {
  for (const text of [null, "", "{", "null", "[]", '{"talks": 3}']) assert.deepEqual(historyFrom(text), nothing);
});
