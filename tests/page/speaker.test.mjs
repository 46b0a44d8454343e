// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Speaker } from "../../client_web/speaker.js";

/** @import { ToPlayback } from "../../client_web/worklets/messages" */

const PASSAGE = { item: "t1", start_ms: 300, speed: 0.75 };
const pcm = (/** @type {number} */ samples) => new Int16Array(samples);

/** A loudspeaker without a device: what its worklet is told, and what the page is told of it. */
function speaker() {
  /** @type {ToPlayback[]} */
  const told = [];
  /** @type {string[]} */
  const heard = [];
  const one = new Speaker({
    news: () => undefined,
    replay: () => undefined,
    replayed: () => heard.push("replayed"),
    audio: (item, _clip, samples) => heard.push(`${item} ${samples}`),
  });
  const port = { postMessage: (/** @type {ToPlayback} */ message) => told.push(message) };
  one.node = /** @type {AudioWorkletNode} */ (/** @type {unknown} */ ({ port }));
  return { one, told, heard };
}

/** @param {ToPlayback[]} told */
function kinds(told) {
  return told.splice(0).map((message) => ("item" in message ? `${message.type} ${message.item}` : message.type));
}

test("what is said again is played under its own name, ended by its length, and not kept", () => {
  const { one, told, heard } = speaker();
  one.again(PASSAGE, 300);
  one.push(pcm(200));
  one.push(pcm(100));
  assert.deepEqual(kinds(told), ["clear", "push replay:1", "push replay:1", "end replay:1"]);
  assert.deepEqual([heard, [...one.kept]], [[], []]);
});

test("after a stop, what still comes of it is not played, and what is said again next is", () => {
  const { one, told, heard } = speaker();
  one.again(PASSAGE, 300);
  one.stopReplay();
  one.push(pcm(200));
  assert.deepEqual([kinds(told), heard], [["clear", "clear"], ["replayed"]]);
  one.again(PASSAGE, 300);
  one.push(pcm(200));
  assert.deepEqual(kinds(told), ["clear", "push replay:2"]);
});

test("a reply silences what is said again, and a button that silences all ends it, too", () => {
  const { one, told, heard } = speaker();
  one.again(PASSAGE, 300);
  one.push(pcm(100));
  one.begin("t2", 0);
  one.push(pcm(50));
  assert.deepEqual([kinds(told), heard], [["clear", "push replay:1", "clear", "push t2"], ["replayed", "t2 50"]]);
  one.again(PASSAGE, 300);
  one.clear();
  assert.deepEqual(heard.slice(2), ["replayed"]);
});
