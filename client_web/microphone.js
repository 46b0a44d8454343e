// @ts-check
/** The learner's microphone: PCM16 frames of about 20 ms at the device's own rate, and their level. */

/** @import { Problem } from "./state.js" */

const RATES = { least: 16_000, most: 48_000 };

/** Why there is no microphone. */
export class NoMicrophone extends Error {
  /** @param {Problem} problem @param {unknown} cause */
  constructor(problem, cause) {
    super(problem, { cause });
    this.problem = problem;
  }
}

export class Microphone {
  /**
   * @param {(pcm: Int16Array<ArrayBuffer>, level: number) => void} onframe
   * @param {() => void} onlost the device was taken away
   */
  constructor(onframe, onlost) {
    this.onframe = onframe;
    this.onlost = onlost;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {AudioContext | null} */
    this.context = null;
    this.on = true;
  }

  get rate() {
    return this.context?.sampleRate ?? 0;
  }

  /** @param {string} device "" for the browser's choice */
  async open(device) {
    const stream = await this.#ask(device);
    this.close();
    this.stream = stream;
    this.context = contextFor(stream);
    this.turn(this.on);
    stream.getAudioTracks()[0].onended = () => this.onlost();
    await this.#listen(this.context, stream);
  }

  /** Off, the device gives silence; the frames go on, since the server counts time in audio. @param {boolean} on */
  turn(on) {
    this.on = on;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = on;
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    void this.context?.close();
    this.stream = this.context = null;
  }

  /** @param {string} device @returns {Promise<MediaStream>} */
  async #ask(device) {
    const audio = {
      echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1,
      ...(device === "" ? {} : { deviceId: { ideal: device } }),
    };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new NoMicrophone(problemOf(error), error);
    }
  }

  /** @param {AudioContext} context @param {MediaStream} stream */
  async #listen(context, stream) {
    await context.audioWorklet.addModule(new URL("./worklets/capture.js", import.meta.url));
    const capture = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    capture.port.onmessage = ({ data }) => this.onframe(data.pcm, data.level);
    context.createMediaStreamSource(stream).connect(capture);
    await context.resume();
  }
}

/** The device's own rate where the server takes it: Firefox refuses a forced one. @param {MediaStream} stream */
function contextFor(stream) {
  const { sampleRate: rate } = stream.getAudioTracks()[0].getSettings();
  const own = new AudioContext({ latencyHint: "interactive" });
  const heard = rate ?? own.sampleRate;
  if (own.sampleRate >= RATES.least && own.sampleRate <= RATES.most) return own;
  void own.close();
  return new AudioContext({ sampleRate: Math.max(RATES.least, Math.min(RATES.most, heard)) });
}

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "permission";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_microphone";
  return "microphone_busy";
}

/** What keeps this browser from talking, if anything. @returns {Problem | null} */
export function unsupported() {
  if (!window.isSecureContext) return "insecure";
  const able = "mediaDevices" in navigator && "AudioWorkletNode" in window && "WebSocket" in window;
  return able ? null : "unsupported";
}
