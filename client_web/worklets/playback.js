// @ts-check
/**
 * The loudspeaker's worklet, in a context of 24 kHz; a ring of 60 s.
 *
 * Messages in:
 *   {type: "push", item, clip, pcm: Int16Array}  samples of a clip; a new item or clip ends those before it
 *   {type: "end", item}                          no more audio comes for this item
 *   {type: "clear"}                              barge-in: silence after a fade of 96 samples (4 ms), all forgotten
 *   {type: "forget"}                             silence at once; no sample of before is kept
 *   {type: "duck", on}                           20% or full volume, by a ramp of 30 ms
 * Messages out:
 *   {type: "playhead", item, played, level, counts}  about every 50 ms while playing; `played` samples of this item,
 *                                                    gaps not counted; `level` the root mean square of the last block
 *   {type: "drained", item, played, counts}          the item has ended and its last sample is out
 *   {type: "cleared", item, played, dropped, counts} answers "clear"; `item` is "" when nothing played or waited
 *   {type: "forgotten"}                              answers "forget"
 *   counts: {pushed, played, cleared, lost, underruns}, samples over all items
 *
 * Underrun policy: a clip starts when 40 ms of it are there or it has ended, so that jitter of the network does not
 * tear its first word; when it runs dry it gathers 40 ms again. A hole is counted as an underrun when the clip goes on
 * after it: the silence between two clips is none. A full ring refuses samples (`lost`); the server's lead is 2 s.
 */
import { Playout } from "./playout.js";

const RING_SECONDS = 60;
const REPORT_SAMPLES = 1200; // 50 ms at 24 kHz

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.playout = new Playout(RING_SECONDS * sampleRate);
    this.unreported = 0;
    /** Items that have ended and are not yet reported as drained. @type {Set<string>} */
    this.ended = new Set();
    this.port.onmessage = (message) => this.take(message.data);
  }

  /** @param {import("./messages").ToPlayback} message */
  take(message) {
    const { playout } = this;
    if (message.type === "push") playout.push(message.item, message.clip, message.pcm);
    else if (message.type === "duck") playout.duck(message.on);
    else if (message.type === "clear") this.clear();
    else if (message.type === "forget") this.forget();
    else {
      playout.end(message.item);
      this.ended.add(message.item);
      this.reportDrained();
    }
  }

  clear() {
    const item = this.playout.current;
    const dropped = this.playout.clear();
    this.ended.clear();
    const played = this.playout.played.get(item) ?? 0;
    this.port.postMessage({ type: "cleared", item, played, dropped, counts: this.counts() });
  }

  forget() {
    this.playout = new Playout(RING_SECONDS * sampleRate);
    this.unreported = 0;
    this.ended.clear();
    this.port.postMessage({ type: "forgotten" });
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    const before = this.playout.total;
    this.playout.pull(out);
    this.unreported += this.playout.total - before;
    if (this.unreported >= REPORT_SAMPLES) this.reportPlayhead(out);
    if (this.ended.size > 0) this.reportDrained();
    return true;
  }

  /** @param {Float32Array} block */
  reportPlayhead(block) {
    this.unreported = 0;
    const item = this.playout.playing;
    const played = this.playout.played.get(item) ?? 0;
    let energy = 0;
    for (let i = 0; i < block.length; i++) energy += block[i] * block[i];
    const level = Math.sqrt(energy / block.length);
    this.port.postMessage({ type: "playhead", item, played, level, counts: this.counts() });
  }

  reportDrained() {
    for (const item of this.ended) {
      if (!this.playout.drained(item)) continue;
      this.ended.delete(item);
      const played = this.playout.played.get(item) ?? 0;
      this.port.postMessage({ type: "drained", item, played, counts: this.counts() });
    }
  }

  counts() {
    const { pushed, total, cleared, lost, underruns } = this.playout;
    return { pushed, played: total, cleared, lost, underruns };
  }
}

registerProcessor("playback", Playback);
