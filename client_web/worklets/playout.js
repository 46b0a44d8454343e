// @ts-check
/**
 * What the loudspeaker plays next: the order of clips, prebuffer, underruns, fade and duck. Pure: the
 * worklet feeds it messages and asks it for one block after another.
 *
 * Always true: pushed = played + cleared + lost + waiting (in samples).
 */
import { Ring } from "./ring.js";

const FADE = 96; // 4 ms at 24 kHz: short enough to be at once, long enough not to click
const PREBUFFER = 960; // 40 ms at 24 kHz
const DUCKED = 0.2;
const RAMP = 720; // 30 ms from full volume to ducked

/**
 * One clip's samples in the ring. `open`: more of it may come.
 * @typedef {{item: string, clip: number, waiting: number, open: boolean, dry: boolean}} Mark
 */

export class Playout {
  /** @param {number} capacity in samples */
  constructor(capacity) {
    this.ring = new Ring(capacity);
    /** @type {Mark[]} */
    this.marks = [];
    /** Samples played, by item. @type {Map<string, number>} */
    this.played = new Map();
    this.pushed = 0;
    this.cleared = 0;
    this.lost = 0;
    this.underruns = 0;
    this.total = 0;
    this.running = false;
    /** What is played next comes after a hole. */
    this.rising = false;
    this.gain = 1;
    this.target = 1;
    this.tail = new Float32Array(FADE);
    this.tailAt = FADE;
    /** The item whose samples were pulled last; "" when silent. */
    this.playing = "";
  }

  /**
   * @param {string} item
   * @param {number} clip
   * @param {Int16Array} pcm
   */
  push(item, clip, pcm) {
    const mark = this.#markOf(item, clip);
    if (mark.dry) {
      // Only now is it known that the silence was a hole in a clip and not its end.
      this.underruns += 1;
      mark.dry = false;
    }
    const taken = this.ring.push(pcm);
    mark.waiting += taken;
    this.pushed += pcm.length;
    this.lost += pcm.length - taken;
  }

  /** No more audio comes for `item`'s clips so far. @param {string} item */
  end(item) {
    for (const mark of this.marks) if (mark.item === item) mark.open = false;
    this.#dropSpent();
  }

  /** Falls silent within `FADE` samples and forgets all that waits. @returns {number} samples thrown away */
  clear() {
    if (this.running) this.#keepTail();
    const dropped = this.ring.clear();
    this.cleared += dropped;
    this.marks = [];
    this.running = this.rising = false;
    this.gain = this.target = 1;
    return dropped;
  }

  /** @param {boolean} on */
  duck(on) {
    this.target = on ? DUCKED : 1;
  }

  /** The item that is playing, or will be when enough of it is there; "" for none. */
  get current() {
    return this.playing || (this.marks[0]?.item ?? "");
  }

  /** Nothing of `item` waits any more and nothing more of it will come. @param {string} item */
  drained(item) {
    return !this.marks.some((mark) => mark.item === item);
  }

  /** Fills one block. @param {Float32Array} out */
  pull(out) {
    out.fill(0);
    const faded = this.#pullTail(out);
    if (!this.running && this.#ready()) this.running = true;
    const given = this.running ? this.#pullMarks(out, faded) : 0;
    if (given === 0 && faded === 0) this.playing = "";
    if (this.rising && given > 0) this.#fadeIn(out.subarray(faded, faded + given));
    if (this.running && this.ring.length === 0) this.#runDry(out.subarray(faded, faded + given));
  }

  #ready() {
    const [first] = this.marks;
    if (first === undefined || this.ring.length === 0) return false;
    return this.ring.length >= PREBUFFER || !first.open;
  }

  /** @param {Float32Array} out @param {number} offset */
  #pullMarks(out, offset) {
    let at = offset;
    while (at < out.length && this.marks.length > 0) {
      const mark = this.marks[0];
      const given = this.ring.pull(out, at, Math.min(mark.waiting, out.length - at));
      mark.waiting -= given;
      if (given > 0) this.#count(mark.item, given);
      this.#ramp(out, at, given);
      at += given;
      if (mark.waiting > 0 || mark.open) break;
      this.marks.shift();
    }
    return at - offset;
  }

  /** @param {string} item @param {number} samples */
  #count(item, samples) {
    this.playing = item;
    this.total += samples;
    this.played.set(item, (this.played.get(item) ?? 0) + samples);
  }

  /** @param {Float32Array} out @param {number} offset @param {number} count */
  #ramp(out, offset, count) {
    const step = (1 - DUCKED) / RAMP;
    for (let i = offset; i < offset + count; i++) {
      const gap = this.target - this.gain;
      this.gain += Math.max(-step, Math.min(step, gap));
      out[i] *= this.gain;
    }
  }

  /** The next `FADE` samples, faded, are played after a clear: they count as played. */
  #keepTail() {
    const { tail } = this;
    tail.fill(0);
    let at = 0;
    for (const mark of this.marks) {
      const given = this.ring.pull(tail, at, Math.min(mark.waiting, FADE - at));
      mark.waiting -= given;
      if (given > 0) this.#count(mark.item, given);
      at += given;
      if (at === FADE) break;
    }
    this.#ramp(tail, 0, at);
    for (let i = 0; i < at; i++) tail[i] *= 1 - (i + 1) / at;
    this.tailAt = FADE - at;
    tail.copyWithin(this.tailAt, 0, at);
  }

  /** @param {Float32Array} out @returns {number} samples written */
  #pullTail(out) {
    const given = Math.min(FADE - this.tailAt, out.length);
    for (let i = 0; i < given; i++) out[i] = this.tail[this.tailAt + i];
    this.tailAt += given;
    return given;
  }

  /** @param {Float32Array} last what is played before the silence: if that is a hole, it is none that clicks */
  #runDry(last) {
    this.running = false;
    this.rising = this.marks.length > 0;
    for (const mark of this.marks) mark.dry = mark.open;
    if (!this.rising) return;
    const count = Math.min(FADE, last.length);
    for (let i = 0; i < count; i++) last[last.length - 1 - i] *= i / count;
  }

  /** @param {Float32Array} first what is played after a hole */
  #fadeIn(first) {
    this.rising = false;
    const count = Math.min(FADE, first.length);
    for (let i = 0; i < count; i++) first[i] *= i / count;
  }

  /** @param {string} item @param {number} clip @returns {Mark} */
  #markOf(item, clip) {
    const last = this.marks.at(-1);
    if (last !== undefined && last.item === item && last.clip === clip) return last;
    // A new clip ends those before it.
    for (const mark of this.marks) mark.open = false;
    this.#dropSpent();
    const mark = { item, clip, waiting: 0, open: true, dry: false };
    this.marks.push(mark);
    return mark;
  }

  #dropSpent() {
    this.marks = this.marks.filter((mark) => mark.waiting > 0 || mark.open);
  }
}
