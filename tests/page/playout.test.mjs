// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Playout } from "../../client_web/worklets/playout.js";
import { Ring } from "../../client_web/worklets/ring.js";

const BLOCK = 128;

/** @param {number} length @param {number} [value] */
function pcm(length, value = 16384) {
  return new Int16Array(length).fill(value);
}

/** @param {Playout} playout @param {number} blocks */
function pulled(playout, blocks) {
  const all = new Float32Array(BLOCK * blocks);
  for (let i = 0; i < blocks; i++) playout.pull(all.subarray(i * BLOCK, (i + 1) * BLOCK));
  return all;
}

/** Nothing is made or lost on the way. @param {Playout} playout */
function balanced(playout) {
  const { pushed, total, cleared, lost, ring } = playout;
  assert.equal(pushed, total + cleared + lost + ring.length);
}

test("a ring gives back what was pushed, in order, over its end", () => {
  const ring = new Ring(5);
  const out = new Float32Array(5);
  ring.push(Int16Array.of(1, 2, 3, 4));
  assert.equal(ring.pull(out, 0, 3), 3);
  assert.equal(ring.push(Int16Array.of(5, 6, 7, 8)), 4);
  assert.equal(ring.pull(out, 0, 9), 5);
  assert.deepEqual([...out].map((sample) => sample * 32768), [4, 5, 6, 7, 8]);
});

test("a full ring takes no more and says how much it took", () => {
  const ring = new Ring(4);
  assert.equal(ring.push(pcm(6)), 4);
  assert.equal(ring.clear(), 4);
  assert.equal(ring.length, 0);
});

test("a clip waits for 40 ms, then every sample of it is played", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(900));
  assert.equal(pulled(playout, 4).some(Boolean), false);
  playout.push("a", 0, pcm(1100));
  pulled(playout, 20);
  assert.equal(playout.played.get("a"), 2000);
  balanced(playout);
});

test("a clip shorter than the prebuffer starts when it has ended", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(200));
  playout.end("a");
  pulled(playout, 2);
  assert.equal(playout.played.get("a"), 200);
  assert.equal(playout.drained("a"), true);
});

test("an item is drained only when its last sample is out", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(2000));
  playout.end("a");
  pulled(playout, 15);
  assert.equal(playout.drained("a"), false);
  pulled(playout, 1);
  assert.equal(playout.drained("a"), true);
});

test("a hole inside a clip is an underrun, and the clip gathers 40 ms before it goes on", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(1000));
  pulled(playout, 12);
  playout.push("a", 0, pcm(500));
  assert.equal(playout.underruns, 1);
  assert.equal(pulled(playout, 3).some(Boolean), false);
  playout.push("a", 0, pcm(500));
  pulled(playout, 10);
  assert.equal(playout.played.get("a"), 2000);
  assert.equal(playout.underruns, 1);
});

test("a hole begins and ends by a fade, and costs no sample", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(1000));
  const before = pulled(playout, 9);
  playout.push("a", 0, pcm(1000));
  const after = pulled(playout, 9);
  for (const all of [before, after]) {
    const steps = [...all].map((sample, i) => Math.abs(sample - (all[i - 1] ?? 0)));
    assert.equal(Math.max(...(all === before ? steps.slice(1) : steps)) < 0.03, true);
  }
  assert.equal(playout.played.get("a"), 2000);
  balanced(playout);
});

test("the silence between two clips is no underrun", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(1000));
  pulled(playout, 12);
  playout.push("a", 1, pcm(1000));
  pulled(playout, 12);
  assert.equal(playout.underruns, 0);
  assert.equal(playout.played.get("a"), 2000);
});

test("samples are counted for the item they belong to, also within one block", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(1000));
  playout.push("b", 0, pcm(1000));
  playout.end("b");
  pulled(playout, 8);
  assert.equal(playout.played.get("a"), 1000);
  assert.equal(playout.played.get("b"), 24);
  assert.equal(playout.playing, "b");
});

test("a clear fades within 96 samples and nothing follows", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(10000));
  pulled(playout, 10);
  const dropped = playout.clear();
  const after = pulled(playout, 4);
  assert.equal(dropped, 10000 - 1280 - 96);
  assert.ok(after[0] > 0.4 && after[95] < 0.01);
  assert.ok(after.subarray(0, 96).every((sample, i, all) => i === 0 || sample <= all[i - 1]));
  assert.equal(after.subarray(96).some(Boolean), false);
  assert.equal(playout.played.get("a"), 1376);
  balanced(playout);
});

test("what is pushed after a clear is played whole", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(5000));
  pulled(playout, 10);
  playout.clear();
  playout.push("b", 0, pcm(1500));
  pulled(playout, 14);
  assert.equal(playout.played.get("b"), 1500);
  assert.equal(playout.underruns, 0);
  balanced(playout);
});

test("what waits and has not begun is cleared without a sound", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(500));
  assert.equal(playout.current, "a");
  assert.equal(playout.clear(), 500);
  assert.equal(pulled(playout, 2).some(Boolean), false);
});

test("ducking goes to a fifth and back by a ramp, without a jump", () => {
  const playout = new Playout(24000);
  playout.push("a", 0, pcm(20000));
  pulled(playout, 2);
  playout.duck(true);
  const down = pulled(playout, 10);
  assert.ok(Math.abs(down[1279] - 0.1) < 1e-4);
  playout.duck(false);
  const up = pulled(playout, 10);
  assert.ok(Math.abs(up[1279] - 0.5) < 1e-4);
  const both = [...down, ...up];
  assert.ok(both.every((sample, i) => i === 0 || Math.abs(sample - both[i - 1]) < 0.001));
});

test("a full ring loses the newest and counts it", () => {
  const playout = new Playout(1000);
  playout.push("a", 0, pcm(1500));
  assert.equal(playout.lost, 500);
  balanced(playout);
});
