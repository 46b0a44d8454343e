// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eased, poseOf } from "../../client_web/companion.js";
import { AFTER, stageBars } from "../../client_web/latency.js";
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
  const held = { endpoint: 512, transcript: 128, first_token: 256, first_audio_out: 512, first_audio_played: 1024 };
  assert.deepEqual(stageBars(held), [
    { name: "transcript", ms: 128, share: 0.125 },
    { name: "first_token", ms: 256, share: 0.25 },
    { name: "endpoint", ms: 512, share: 0.5 },
    { name: "first_audio_out", ms: 512, share: 0.5 },
    { name: "first_audio_played", ms: 1024, share: 1 },
  ]);
});

test("there are words for every stage and for what the stages are counted from", () => {
  const schema = JSON.parse(readFileSync(new URL("../../client_web/protocol.schema.json", import.meta.url), "utf8"));
  const { kind, stages } = schema.$defs.TutorLatency.properties;
  const english = JSON.parse(readFileSync(new URL("../../client_web/messages/en.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(AFTER).sort(), [...kind.enum].sort());
  for (const key of Object.values(AFTER)) assert.ok(key in english, key);
  assert.ok(stages.propertyNames.enum.length > 6);
  for (const stage of stages.propertyNames.enum) assert.ok(`stage.${stage}` in english, stage);
});

test("Atom speaks only with the mouth of the speaking pose, and eases towards it", () => {
  assert.equal(poseOf("listening").mouth, 0);
  assert.equal(eased(poseOf("listening"), poseOf("speaking"), 0.5).mouth, 0.5);
});
