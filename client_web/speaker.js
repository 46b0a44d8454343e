// @ts-check
/** The loudspeaker: the tutor's clips played in order, cleared at once, and kept for a replay. */

/** @import { Counts, FromPlayback, ToPlayback } from "./worklets/messages" */

const PLAY_RATE = 24_000;
const KEPT_ITEMS = 24;
const REPLAY = "replay:";

/**
 * What is heard again: an item from `start_ms` on, at so many times its speed.
 * @typedef {{item: string, start_ms: number, speed: number}} Passage
 */

/**
 * @typedef {object} Listener
 * @property {(type: "page.played" | "page.drained" | "page.cleared", item: string, played_ms: number) => void} news
 * @property {(item: string, played_ms: number) => void} replay how far a replay has got
 * @property {() => void} replayed
 * @property {(item: string, clip: number, samples: number) => void} audio
 */

export class Speaker {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {(AudioContext & {setSinkId?: (id: string) => Promise<void>}) | null} */
    this.context = null;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
    /** @type {Counts} */
    this.counts = { pushed: 0, played: 0, cleared: 0, lost: 0, underruns: 0 };
    this.level = 0;
    this.received = 0;
    this.refused = 0;
    this.clearedAt = 0;
    this.item = "";
    this.clip = -1;
    this.dropped = "";
    /** @type {GainNode | null} */
    this.gain = null;
    this.loud = 1;
    /** What the worklet still says is of a talk that is forgotten. */
    this.forgetting = false;
    /** What is heard again; null for nothing. @type {Passage | null} */
    this.replaying = null;
    this.replays = 0;
    /** Samples that are still to come of what the server says again. */
    this.awaited = 0;
    /** PCM by item, oldest first. @type {Map<string, Int16Array[]>} */
    this.kept = new Map();
  }

  /** Called inside the learner's tap: a context made later stays silent on iPhones. @param {string} sink */
  async open(sink) {
    if (this.context === null) {
      this.context = new AudioContext({ sampleRate: PLAY_RATE, latencyHint: "interactive" });
      void this.context.resume();
      await this.context.audioWorklet.addModule(new URL("./worklets/playback.js", import.meta.url));
      this.node = new AudioWorkletNode(this.context, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
      this.node.port.onmessage = ({ data }) => this.#take(data);
      this.gain = new GainNode(this.context, { gain: this.loud });
      this.node.connect(this.gain).connect(this.context.destination);
    }
    await this.context.resume();
    await this.choose(sink);
  }

  /** Sound at last, where the browser wanted a tap first: called inside one. */
  wake() {
    void this.context?.resume();
  }

  /** @param {number} loud 0 to 1 */
  set volume(loud) {
    this.loud = loud;
    if (this.gain !== null) this.gain.gain.value = loud;
  }

  /** Silence, and nothing of what was said is kept here or in the worklet. */
  forget() {
    this.kept.clear();
    this.item = this.dropped = "";
    this.clip = -1;
    this.replaying = null;
    this.counts = { pushed: 0, played: 0, cleared: 0, lost: 0, underruns: 0 };
    this.received = this.refused = this.level = 0;
    this.forgetting = this.node !== null;
    this.#post({ type: "forget" });
  }

  /** @param {string} sink a loudspeaker's device id, "" for the system's */
  async choose(sink) {
    await this.context?.setSinkId?.(sink).catch(() => undefined); // one that was unplugged: stay with the system's
  }

  /** The audio that follows is this clip's. @param {string} item @param {number} clip */
  begin(item, clip) {
    this.stopReplay();
    this.item = item;
    this.clip = clip;
  }

  /** @param {Int16Array} pcm */
  push(pcm) {
    this.received += pcm.length;
    if (this.item === this.dropped) {
      this.refused += pcm.length;
      return;
    }
    this.#post({ type: "push", item: this.item, clip: this.clip, pcm });
    if (this.item.startsWith(REPLAY)) {
      this.awaited -= pcm.length;
      if (this.awaited <= 0) this.end(this.item);
      return;
    }
    this.#keep(pcm);
    this.listener.audio(this.item, this.clip, pcm.length);
  }

  /** The audio that follows is a passage that the server says again. @param {Passage} passage @param {number} samples in all */
  again(passage, samples) {
    this.item = this.#replayed(passage);
    this.clip = 0;
    this.awaited = samples;
  }

  /** @param {string} item */
  end(item) {
    this.#post({ type: "end", item });
  }

  /** Silence now; what still comes of this item is not played. */
  clear() {
    this.dropped = this.item;
    this.#post({ type: "clear" });
    this.#replayOver();
  }

  /** @param {boolean} on */
  duck(on) {
    this.#post({ type: "duck", on });
  }

  /** @param {string} item @returns {boolean} whether it is kept */
  replay(item) {
    const clips = this.kept.get(item);
    if (clips === undefined) return false;
    const name = this.#replayed({ item, start_ms: 0, speed: 1 });
    for (const pcm of clips) this.#post({ type: "push", item: name, clip: 0, pcm });
    this.end(name);
    return true;
  }

  /** What still comes of it is not played. */
  stopReplay() {
    if (this.replaying === null) return;
    if (this.item.startsWith(REPLAY)) this.dropped = this.item;
    this.#post({ type: "clear" });
    this.#replayOver();
  }

  /** Samples thrown away here or in the worklet. */
  get cleared() {
    return this.counts.cleared + this.refused;
  }

  /** Its own name each time: the worklet counts what it played of a name. @param {Passage} passage */
  #replayed(passage) {
    this.#post({ type: "clear" });
    this.replaying = passage;
    return `${REPLAY}${++this.replays}`;
  }

  #replayOver() {
    if (this.replaying === null) return;
    this.replaying = null;
    this.listener.replayed();
  }

  /** @param {Int16Array} pcm */
  #keep(pcm) {
    const clips = this.kept.get(this.item);
    if (clips !== undefined) clips.push(pcm);
    else this.kept.set(this.item, [pcm]);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_ITEMS) this.kept.delete(oldest);
  }

  /** @param {ToPlayback} message */
  #post(message) {
    this.node?.port.postMessage(message);
  }

  /** @param {FromPlayback} message */
  #take(message) {
    if (message.type === "forgotten") this.forgetting = false;
    if (message.type === "forgotten" || this.forgetting) return;
    this.counts = message.counts;
    this.level = message.type === "playhead" ? message.level : 0;
    if (message.type === "cleared") this.clearedAt = performance.now();
    const played_ms = Math.round((message.played * 1000) / PLAY_RATE);
    if (message.item.startsWith(REPLAY)) this.#tookReplay(message, played_ms);
    else if (message.item !== "") this.listener.news(`page.${NEWS[message.type]}`, message.item, played_ms);
  }

  /** @param {Exclude<FromPlayback, {type: "forgotten"}>} message @param {number} played_ms */
  #tookReplay(message, played_ms) {
    if (this.replaying === null || message.item !== `${REPLAY}${this.replays}`) return;
    const { item, start_ms, speed } = this.replaying;
    if (message.type === "playhead") this.listener.replay(item, start_ms + played_ms * speed);
    else this.#replayOver();
  }
}

const NEWS = /** @type {const} */ ({ playhead: "played", drained: "drained", cleared: "cleared" });
