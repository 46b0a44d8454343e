// @ts-check
/** The loudspeaker: the tutor's clips played in order, cleared at once, and kept for a replay. */

/** @import { Counts, FromPlayback, ToPlayback } from "./worklets/messages" */

const PLAY_RATE = 24_000;
const KEPT_ITEMS = 24;
const REPLAY = "replay:";

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
    /** The item whose replay is heard; "" for none. */
    this.replaying = "";
    this.replays = 0;
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
    this.item = this.dropped = this.replaying = "";
    this.clip = -1;
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
    this.#keep(pcm);
    this.listener.audio(this.item, this.clip, pcm.length);
    this.#post({ type: "push", item: this.item, clip: this.clip, pcm });
  }

  /** @param {string} item */
  end(item) {
    this.#post({ type: "end", item });
  }

  /** Silence now; what still comes of this item is not played. */
  clear() {
    this.dropped = this.item;
    this.#post({ type: "clear" });
  }

  /** @param {boolean} on */
  duck(on) {
    this.#post({ type: "duck", on });
  }

  /** @param {string} item @returns {boolean} whether it is kept */
  replay(item) {
    const clips = this.kept.get(item);
    if (clips === undefined) return false;
    this.#post({ type: "clear" });
    const name = `${REPLAY}${++this.replays}`; // its own name each time: the worklet counts what it played of a name
    for (const pcm of clips) this.#post({ type: "push", item: name, clip: 0, pcm });
    this.end(name);
    this.replaying = item;
    return true;
  }

  stopReplay() {
    if (this.replaying !== "") this.#post({ type: "clear" });
  }

  /** Samples thrown away here or in the worklet. */
  get cleared() {
    return this.counts.cleared + this.refused;
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
    if (message.type === "playhead") {
      if (this.replaying !== "") this.listener.replay(this.replaying, played_ms);
      return;
    }
    if (message.item !== `${REPLAY}${this.replays}`) return;
    this.replaying = "";
    this.listener.replayed();
  }
}

const NEWS = /** @type {const} */ ({ playhead: "played", drained: "drained", cleared: "cleared" });
