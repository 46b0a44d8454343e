// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAwake, meaningOf } from "../../client_web/kiosk_guard.js";
import { advance, countdownOf, opening, openingDay, screenOf, troubleOf } from "../../client_web/kiosk_state.js";

/** @import { Action, Kiosk, KioskEvent, Standing, TalkNews } from "../../client_web/kiosk_state.js" */

/** @type {Standing} */
const standing = {
  lesson: "visit", language: "es", languages: ["en", "es"], open: true, opens: "", opens_in_days: 0, opens_on: "", volume: 1, quiet: false,
  mode: "push", noisy: false, idle_s: 25, countdown_s: 10, visit_s: 300, epoch: "one",
};
/** @type {TalkNews} */
const ready = { phase: "ready", problem: null, finished: false };

/**
 * A kiosk and what it was told to do, since it was asked last.
 * @param {Partial<Standing>} [changes]
 */
function hall(changes = {}) {
  /** @type {Kiosk} */
  let kiosk = opening;
  /** @type {Action[]} */
  let done = [];
  let now_ms = 0;
  const give = (/** @type {any} */ event) => {
    const [next, actions] = advance(kiosk, /** @type {KioskEvent} */ ({ ...event, now_ms }));
    kiosk = next;
    done.push(...actions);
  };
  const place = {
    get screen() { return screenOf(kiosk, now_ms); },
    get countdown() { return countdownOf(kiosk, now_ms); },
    get trouble() { return troubleOf(kiosk, now_ms); },
    get visitors() { return kiosk.visitors; },
    did: () => done.splice(0),
    touch: () => give({ type: "touch" }),
    finish: () => give({ type: "finish" }),
    unreachable: () => give({ type: "unreachable" }),
    told: (/** @type {Partial<Standing>} */ more = {}) => give({ type: "standing", standing: { ...standing, ...changes, ...more } }),
    talk: (/** @type {Partial<TalkNews>} */ news = {}) => give({ type: "talk", talk: { ...ready, ...news } }),
    /** Time passes, with the page's ticks. @param {number} s */
    wait(s) {
      for (let ticks = Math.round(s * 5); ticks > 0; ticks--) {
        now_ms += 200;
        give({ type: "tick" });
      }
    },
  };
  place.told();
  place.talk();
  return place;
}

test("a touch begins a visit, and the tutor greets at once", () => {
  const kiosk = hall();
  assert.equal(kiosk.screen, "attract");
  kiosk.touch();
  assert.equal(kiosk.screen, "visit");
  assert.deepEqual(kiosk.did(), ["meet", "beat"]);
  assert.equal(kiosk.visitors, 1);
});

test("a page that does not know how it is to be receives nobody", () => {
  assert.equal(screenOf(opening, 0), "attract");
  const [kiosk] = advance(opening, { type: "unreachable", now_ms: 0 });
  assert.equal(screenOf(kiosk, 0), "offline");
  assert.deepEqual(advance(kiosk, { type: "touch", now_ms: 10 })[1], []);
});

test("a silent visitor is asked, and forgotten after the countdown", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.did();
  kiosk.wait(24.8);
  assert.equal(kiosk.countdown, null);
  kiosk.wait(0.2);
  assert.equal(kiosk.countdown, 10);
  kiosk.wait(9.8);
  assert.equal(kiosk.countdown, 1);
  assert.deepEqual(kiosk.did(), []);
  kiosk.wait(0.2);
  assert.equal(kiosk.screen, "farewell");
  assert.deepEqual(kiosk.did(), ["forget", "beat"]);
  kiosk.wait(5);
  assert.deepEqual([kiosk.screen, kiosk.did()], ["attract", ["beat"]]);
});

test("a touch in the farewell to one who had gone begins the next visit", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.wait(36);
  kiosk.did();
  kiosk.touch();
  assert.deepEqual([kiosk.screen, kiosk.visitors, kiosk.did()], ["visit", 2, ["meet", "beat"]]);
});

test("a touch in the countdown goes on with the same visit", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.wait(30);
  kiosk.did();
  kiosk.touch();
  assert.equal(kiosk.countdown, null);
  kiosk.wait(24);
  assert.deepEqual([kiosk.screen, kiosk.visitors, kiosk.did()], ["visit", 1, []]);
});

test("nobody is idle while the tutor speaks or listens to them", () => {
  const kiosk = hall();
  kiosk.touch();
  for (const phase of /** @type {const} */ (["speaking", "hearing", "thinking"])) {
    kiosk.talk({ phase });
    kiosk.wait(60);
    assert.equal(kiosk.countdown, null, phase);
  }
  kiosk.talk();
  kiosk.wait(26);
  assert.equal(kiosk.countdown, 9);
});

test("noise that never ends is no visitor for ever", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "hearing" });
  kiosk.wait(299);
  assert.equal(kiosk.screen, "visit");
  kiosk.wait(1);
  assert.equal(kiosk.screen, "farewell");
});

test("the time of a visit ends with the tutor's sentence, unless that has no end", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "speaking" });
  kiosk.wait(310);
  assert.equal(kiosk.screen, "visit");
  kiosk.wait(10);
  assert.equal(kiosk.screen, "farewell");
});

test("a finished lesson is summed up once the tutor has said its last word", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "speaking", finished: true });
  assert.equal(kiosk.screen, "visit");
  kiosk.talk({ finished: true });
  assert.equal(kiosk.screen, "summary");
  kiosk.did();
  kiosk.wait(35);
  assert.deepEqual([kiosk.screen, kiosk.did()], ["farewell", ["forget", "beat"]]);
});

test("whoever plays with the summary does not hold the kiosk for ever", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "speaking" });
  kiosk.wait(319); // the longest visit: the tutor's last words are over its time
  kiosk.talk({ finished: true });
  for (let s = 0; s < 90; s += 10) {
    assert.equal(kiosk.screen, "summary");
    kiosk.touch();
    kiosk.wait(10);
  }
  kiosk.touch();
  kiosk.wait(5); // 414 s in all; the health line calls a page stuck 455 s after the touch (tests/kiosk/test_kiosk.py)
  assert.equal(kiosk.screen, "farewell");
});

test("who finishes is bid farewell and forgotten at once; the same finger begins no visit, the next one does", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.did();
  kiosk.finish();
  assert.deepEqual([kiosk.screen, kiosk.did()], ["farewell", ["forget", "beat"]]);
  kiosk.touch();
  assert.equal(kiosk.screen, "farewell");
  kiosk.wait(1);
  kiosk.touch();
  assert.deepEqual([kiosk.screen, kiosk.visitors, kiosk.did()], ["visit", 2, ["meet", "beat"]]);
});

test("the farewell ends by itself", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.finish();
  kiosk.wait(4.8);
  assert.equal(kiosk.screen, "farewell");
  kiosk.wait(0.2);
  assert.equal(kiosk.screen, "attract");
});

test("a connection that is back soon disturbs nobody; one that stays away is told, and the visit goes on after it", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "lost" });
  kiosk.wait(2);
  assert.equal(kiosk.screen, "visit");
  kiosk.wait(1);
  assert.deepEqual([kiosk.screen, kiosk.trouble], ["offline", "connection"]);
  kiosk.talk({ phase: "connecting" });
  assert.equal(kiosk.screen, "offline");
  kiosk.wait(27);
  kiosk.talk();
  assert.deepEqual([kiosk.screen, kiosk.countdown], ["visit", null]);
});

test("a visit that was cut off and does not come back is forgotten", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.talk({ phase: "lost" });
  kiosk.did();
  kiosk.wait(35);
  assert.deepEqual([kiosk.screen, kiosk.did()], ["offline", ["forget", "beat"]]);
  kiosk.talk();
  assert.equal(kiosk.screen, "attract");
});

test("a server that does not answer is told; when it answers, a new socket is made", () => {
  const kiosk = hall();
  kiosk.unreachable();
  kiosk.wait(3);
  assert.deepEqual([kiosk.screen, kiosk.trouble, kiosk.did()], ["offline", "server", []]);
  kiosk.told();
  assert.deepEqual([kiosk.screen, kiosk.did()], ["attract", ["forget"]]);
});

test("after a long absence of the server the page is loaded anew, and not before it answers", () => {
  const kiosk = hall();
  kiosk.unreachable();
  kiosk.wait(90);
  assert.deepEqual(kiosk.did(), []);
  kiosk.told();
  kiosk.wait(0.2);
  assert.deepEqual(kiosk.did(), ["forget", "reload"]);
});

test("another epoch loads the page anew, once and when nobody is there", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.told({ epoch: "two" });
  kiosk.wait(1);
  kiosk.did();
  kiosk.finish();
  kiosk.wait(4.8);
  assert.deepEqual(kiosk.did(), ["forget", "beat"]);
  kiosk.wait(2);
  assert.deepEqual(kiosk.did(), ["beat", "reload"]);
});

test("a microphone that is gone is told and tried again", () => {
  const kiosk = hall();
  kiosk.wait(10);
  kiosk.talk({ phase: "blocked", problem: "microphone_lost" });
  kiosk.wait(5.2);
  assert.deepEqual([kiosk.screen, kiosk.trouble, kiosk.did()], ["offline", "microphone_lost", ["devices", "devices"]]);
  kiosk.talk();
  assert.equal(kiosk.screen, "attract");
});

test("a sound that the browser gives only after a touch is no trouble until somebody touches", () => {
  const kiosk = hall();
  kiosk.talk({ phase: "starting" });
  kiosk.wait(60);
  assert.equal(kiosk.screen, "attract");
  kiosk.touch();
  kiosk.talk({ phase: "starting" });
  kiosk.wait(3);
  assert.equal(kiosk.screen, "offline");
});

test("closed doors: nobody new comes in, and who is there may finish", () => {
  const kiosk = hall();
  kiosk.touch();
  kiosk.told({ open: false, opens: "09:00" });
  assert.equal(kiosk.screen, "visit");
  kiosk.finish();
  kiosk.wait(1);
  kiosk.touch();
  kiosk.wait(6);
  assert.equal(kiosk.screen, "closed");
  kiosk.did();
  kiosk.touch();
  assert.deepEqual([kiosk.screen, kiosk.did()], ["closed", []]);
});

test("a closed door says on which day it opens", () => {
  const day = (/** @type {number} */ opens_in_days) => openingDay({ ...standing, open: false, opens: "09:00", opens_in_days, opens_on: "Mo" });
  assert.deepEqual([0, 1, 2, 7].map(day), ["kiosk.today", "kiosk.tomorrow", "kiosk.on.Mo", "kiosk.on.Mo"]);
  assert.equal(openingDay(standing), "");
});

test("a talk that waits is renewed before the server ends it", () => {
  const kiosk = hall();
  kiosk.wait(599);
  assert.deepEqual(kiosk.did(), []);
  kiosk.wait(1);
  assert.deepEqual(kiosk.did(), ["forget"]);
  kiosk.wait(600);
  assert.deepEqual(kiosk.did(), ["forget"]);
});

test("the screen is kept awake from the start, and again whenever it is seen again", () => {
  let asked = 0;
  /** @type {() => void} */
  let seen = () => assert.fail("nobody looks");
  const document = {
    visibilityState: "visible",
    addEventListener: (/** @type {string} */ name, /** @type {() => void} */ on) => { if (name === "visibilitychange") seen = on; },
  };
  const navigator = { wakeLock: { request: async (/** @type {string} */ what) => { assert.equal(what, "screen"); asked++; } } };
  keepAwake(/** @type {any} */ ({ document, navigator }));
  assert.equal(asked, 1);
  document.visibilityState = "hidden"; // here the browser lets go of it
  seen();
  assert.equal(asked, 1);
  document.visibilityState = "visible";
  seen();
  assert.equal(asked, 2);
});

test("any key that a button may send is a press; shortcuts and the browser's keys are nothing", () => {
  const key = (/** @type {string} */ name, more = {}) => meaningOf({ key: name, ctrlKey: false, altKey: false, metaKey: false, ...more });
  for (const name of [" ", "Enter", "a", "1", "F13", "MediaPlayPause"]) assert.equal(key(name), "press", name);
  for (const name of ["Tab", "ArrowLeft"]) assert.equal(key(name), "move", name);
  for (const name of ["Shift", "Escape", "F1", "F5", "F12", "BrowserBack"]) assert.equal(key(name), "nothing", name);
  assert.equal(key("w", { ctrlKey: true }), "nothing");
  assert.equal(key("ArrowLeft", { altKey: true }), "nothing");
});
