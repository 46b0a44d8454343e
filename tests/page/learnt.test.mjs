// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { learntFrom } from "../../client_web/learnt.js";

const packed = (/** @type {unknown} */ told) => Buffer.from(JSON.stringify(told)).toString("base64url");
const GOOD = ["I'd like a coffee, señor.", "Put me a coffee", 5, 6, "mended"];
const HOSTILE = "<img src=x onerror=alert(1)>";

test("a link says what was learnt, its accents too", () => {
  const learnt = { learnt: "I'd like a coffee, señor.", said: "Put me a coffee", right: 5, answers: 6, manner: "mended" };
  assert.deepEqual(learntFrom(`#${packed(GOOD)}`), learnt);
  assert.deepEqual(learntFrom(packed(GOOD)), learnt);
});

test("what the server packs is what the page reads", () => {
  // As realtime/tutor/takeaway.py packs it: no spaces, letters as they are, no padding.
  assert.equal(learntFrom("WyJJJ20gb2theS4iLCIiLDEsMSwid2VsbCJd")?.learnt, "I'm okay.");
});

test("a broken or made-up link is none", () => {
  const whole = packed(GOOD);
  for (let at = 0; at < whole.length - 3; at += 7) assert.equal(learntFrom(whole.slice(0, at)), null, String(at));
  const [learnt, said, right, answers, manner] = GOOD;
  const made = [
    null, 1, "text", {}, [], { ...GOOD, length: 5 }, GOOD.slice(1), [...GOOD, 1],
    [1, said, right, answers, manner], [learnt, null, right, answers, manner], [["x"], said, right, answers, manner],
    ["x".repeat(301), said, right, answers, manner], [learnt, said, 7, 6, manner], [learnt, said, -1, 6, manner],
    [learnt, said, 1.5, 6, manner], [learnt, said, "5", 6, manner], [learnt, said, 5, 1e9, manner],
    [learnt, said, right, answers, "constructor"], [learnt, said, right, answers, HOSTILE],
  ];
  for (const told of made) assert.equal(learntFrom(packed(told)), null, JSON.stringify(told));
  for (const text of ["", "#", "%%%", HOSTILE, "_".repeat(50), Buffer.from([0xff, 0xfe]).toString("base64url")]) {
    assert.equal(learntFrom(text), null, text);
  }
});

test("the page writes text, keeps nothing, and asks for nothing but its words", () => {
  const source = readFileSync(new URL("../../client_web/learnt.js", import.meta.url), "utf8");
  assert.doesNotMatch(source, /innerHTML|insertAdjacent|outerHTML|document\.write|Storage|cookie|fetch\(|WebSocket/);
});
