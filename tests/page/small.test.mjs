// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { eased, poseOf } from "../../client_web/companion.js";
import { stageBars } from "../../client_web/latency.js";
import { byLevel } from "../../client_web/lessons.js";
import { backoffMs } from "../../client_web/link.js";
import { settingsFrom } from "../../client_web/settings.js";

test("tries to connect come ever more slowly, spread out, and never more than 15 s apart", () => {
  assert.deepEqual([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1)), [500, 1000, 2000, 4000]);
  assert.equal(backoffMs(0, 0), 250);
  assert.equal(backoffMs(60, 1), 15000);
});

test("settings that make no sense are the usual ones", () => {
  assert.equal(settingsFrom('{"mode": "push", "pace": "fast"}').mode, "push");
  assert.equal(settingsFrom('{"mode": "push", "pace": "fast"}').pace, 1);
  assert.deepEqual(settingsFrom("{"), settingsFrom(null));
});

test("lessons are grouped by level, easiest first", () => {
  const lesson = (/** @type {string} */ id, /** @type {string} */ level) => ({ id, level, title: {}, aim: {}, steps: 1, vocabulary: [] });
  const groups = byLevel([lesson("x", "B1"), lesson("y", "A1"), lesson("z", "B1")]);
  assert.deepEqual(groups.map(([level, all]) => [level, all.map(({ id }) => id)]), [["A1", ["y"]], ["B1", ["x", "z"]]]);
});

test("stages are shown in the order they were reached, against the longest", () => {
  assert.deepEqual(stageBars({ first_clip: 400, endpoint: 100 }), [
    { name: "endpoint", ms: 100, share: 0.25 },
    { name: "first_clip", ms: 400, share: 1 },
  ]);
});

test("Atom speaks only with the mouth of the speaking pose, and eases towards it", () => {
  assert.equal(poseOf("listening").mouth, 0);
  assert.equal(eased(poseOf("listening"), poseOf("speaking"), 0.5).mouth, 0.5);
});
