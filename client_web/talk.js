// @ts-check
/** One talk: feeds what happens to the pure state, and carries out the effects on connection and sound. */
import { effectsOf } from "./effects.js";
import { Link } from "./link.js";
import { Microphone, NoMicrophone, unsupported } from "./microphone.js";
import { Speaker } from "./speaker.js";
import { initial, reduce } from "./state.js";

/** @import { Effect } from "./effects.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Problem, Setup, State, TalkEvent } from "./state.js" */
/** @import { Turns } from "./captions.js" */

/** Fingers leave the button before the last word has come through the device. */
const RELEASE_TAIL_MS = 140;

export class Talk {
  /**
   * @param {string} address of the socket
   * @param {() => Promise<string[]>} subprotocols with which it is opened
   * @param {{change: (state: State, before: State) => void, refused: () => void}} on
   */
  constructor(address, subprotocols, on) {
    this.onchange = on.change;
    /** @type {State} */
    this.state = initial;
    this.level = 0;
    this.sent = 0;
    this.release = 0;
    this.microphone = new Microphone(
      (pcm, level) => this.#frame(pcm, level),
      () => this.#lostMicrophone(),
    );
    this.speaker = new Speaker({
      news: (type, item, played_ms) => this.dispatch({ type, item, played_ms }),
      replay: (item, played_ms) => this.dispatch({ type: "page.replay", item, played_ms }),
      replayed: () => this.dispatch({ type: "page.replayed" }),
      audio: (item, clip, samples) => this.dispatch({ type: "page.audio", item, clip, samples }),
    });
    this.link = new Link(address, subprotocols, {
      event: (event) => this.dispatch(event),
      audio: (pcm) => this.speaker.push(pcm),
      connecting: () => this.dispatch({ type: "page.connecting" }),
      closed: (retry_ms) => this.dispatch({ type: "page.closed", retry_ms }),
      refused: on.refused,
    });
  }

  /**
   * Called inside the learner's tap.
   * @param {string} lesson
   * @param {Settings} settings
   * @param {{session: string, turns: Turns}} earlier a talk to go on with; `session` is "" for a new one
   */
  async start(lesson, settings, earlier) {
    this.dispatch({ type: "page.start", lesson, resume: earlier.session, turns: earlier.turns });
    await this.openDevices(settings);
  }

  /**
   * Makes a talk ready for whoever comes next: connected, the lesson chosen, nothing said and nothing heard.
   * @param {string} lesson
   * @param {Settings} settings
   */
  async prepare(lesson, settings) {
    this.dispatch({ type: "page.start", lesson, resume: "", turns: [], waits: true });
    if (this.microphone.rate === 0) await this.openDevices(settings);
    else this.dispatch({ type: "page.live", setup: this.#setup(settings) });
  }

  /** Somebody is there: the tutor speaks. Called inside a tap, where a browser may want one before there is sound. */
  meet() {
    this.speaker.wake();
    this.dispatch({ type: "page.meet" });
  }

  /** Ends the talk on both sides and keeps nothing of it; the devices stay open for the next learner. */
  forget() {
    clearTimeout(this.release);
    this.release = 0;
    this.sent = 0;
    this.dispatch({ type: "page.forget" });
  }

  /** Again after a problem, or with other devices. Called inside a tap. @param {Settings} settings */
  async openDevices(settings) {
    const problem = unsupported();
    if (problem !== null) {
      this.dispatch({ type: "page.problem", problem });
      return;
    }
    try {
      await Promise.all([this.speaker.open(settings.speaker), this.microphone.open(settings.microphone)]);
    } catch (error) {
      this.dispatch({ type: "page.problem", problem: problemOf(error) });
      return;
    }
    if (this.state.view !== "talk") this.microphone.close(); // left while the browser was asking
    else if (this.state.setup === null) this.dispatch({ type: "page.live", setup: this.#setup(settings) });
    else this.dispatch({ type: "page.setup", setup: this.#setup(settings) });
  }

  /** @param {Settings} settings @param {Settings} before */
  async change(settings, before) {
    if (this.state.setup === null) return;
    if (settings.speaker !== before.speaker) await this.speaker.choose(settings.speaker);
    if (settings.microphone !== before.microphone) await this.openDevices(settings);
    else if (JSON.stringify(this.#setup(settings)) !== JSON.stringify(this.state.setup)) {
      this.dispatch({ type: "page.setup", setup: this.#setup(settings) });
    }
  }

  press() {
    clearTimeout(this.release);
    this.release = 0;
    if (!this.state.held) this.dispatch({ type: "page.press" });
  }

  letGo() {
    if (!this.state.held || this.release !== 0) return;
    this.release = window.setTimeout(() => {
      this.release = 0;
      this.dispatch({ type: "page.release" });
    }, RELEASE_TAIL_MS);
  }

  /** @param {string} item */
  replay(item) {
    if (this.state.replay !== null) this.speaker.stopReplay();
    else if (this.speaker.replay(item)) this.dispatch({ type: "page.replay", item, played_ms: 0 });
  }

  leave() {
    this.dispatch({ type: "page.leave" });
    this.microphone.close();
    this.level = 0;
  }

  /** @param {TalkEvent} event */
  dispatch(event) {
    const before = this.state;
    const effects = effectsOf(before, event);
    this.state = reduce(before, event);
    for (const effect of effects) this.#carryOut(effect);
    // A replay is the tutor's voice without the server's knowing: the learner's microphone would hear it.
    const on = !this.state.muted && this.state.replay === null;
    if (on !== this.microphone.on) this.microphone.turn(on);
    this.onchange(this.state, before);
  }

  /** @param {Effect} effect */
  #carryOut(effect) {
    switch (effect.do) {
      case "send":
        return this.link.send(effect.event);
      case "connect":
        return this.link.open();
      case "disconnect":
        return this.link.close();
      case "begin":
        return this.speaker.begin(effect.item, effect.clip);
      case "again":
        return this.speaker.again(effect.passage, effect.samples);
      case "stop_replay":
        return this.speaker.stopReplay();
      case "end":
        return this.speaker.end(effect.item);
      case "clear":
        return this.speaker.clear();
      case "forget":
        return this.speaker.forget();
      case "duck":
        return this.speaker.duck(effect.on);
    }
  }

  /** @param {Int16Array<ArrayBuffer>} pcm @param {number} level */
  #frame(pcm, level) {
    this.level = level;
    const { link, setup, held, waits, greeting } = this.state;
    if (link !== "open" || setup === null || waits || (greeting && !held) || (setup.mode === "push" && !held)) return;
    this.sent += pcm.length;
    this.link.sendAudio(pcm);
  }

  #lostMicrophone() {
    this.level = 0;
    this.dispatch({ type: "page.problem", problem: "microphone_lost" });
  }

  /** @param {Settings} settings @returns {Setup} */
  #setup({ mode, voice, language, patience, pace, threshold }) {
    return { rate: this.microphone.rate, mode, voice, tongue: language, patience, pace, threshold };
  }
}

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  if (error instanceof NoMicrophone) return error.problem;
  console.error(error);
  return "unsupported";
}
