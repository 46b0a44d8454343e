// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Framer } from "../../client_web/worklets/framer.js";

/** @param {number} rate @param {Float32Array[]} blocks */
function framed(rate, blocks) {
  /** @type {{pcm: number[], level: number}[]} */
  const frames = [];
  const framer = new Framer(rate, (pcm, level) => frames.push({ pcm: [...pcm], level }));
  for (const block of blocks) framer.add(block);
  return frames;
}

test("frames last 20 ms at the device's own rate", () => {
  for (const [rate, length] of [[48000, 960], [44100, 882], [16000, 320]]) {
    const frames = framed(rate, Array.from({ length: 30 }, () => new Float32Array(128)));
    assert.equal(frames[0].pcm.length, length);
    assert.equal(frames.length, Math.floor((30 * 128) / length));
  }
});

test("no sample is lost where blocks and frames do not meet", () => {
  const ramp = Float32Array.from({ length: 2048 }, (_, i) => i / 4096);
  const blocks = Array.from({ length: 16 }, (_, i) => ramp.subarray(i * 128, i * 128 + 128));
  const samples = framed(16000, blocks).flatMap((frame) => frame.pcm);
  assert.deepEqual(samples, [...ramp].slice(0, samples.length).map((sample) => Math.trunc(sample * 32767)));
});

test("full scale is clipped and not wrapped, and its level is one", () => {
  const [frame] = framed(16000, [new Float32Array(320).fill(1.7)]);
  assert.equal(frame.pcm[7], 32767);
  assert.equal(frame.level, 1);
  assert.equal(framed(16000, [new Float32Array(320).fill(-1.7)])[0].pcm[7], -32768);
});
