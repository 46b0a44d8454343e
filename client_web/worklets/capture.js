// @ts-check
/**
 * The microphone's worklet.
 *
 * Messages out, one for each frame of about 20 ms at the context's rate:
 *   {pcm: Int16Array, level: number}   PCM16 mono (channel 0) and its root mean square, 0 to 1
 * Messages in:
 *   {type: "stop"}                     ends the worklet
 *
 * Channel 0 only: with echo cancellation off some devices give stereo. Message and frame are made once;
 * posting copies them, so the audio callback allocates nothing. There is no queue and so no overrun here.
 */
import { Framer } from "./framer.js";

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.live = true;
    /** @type {{pcm: Int16Array, level: number}} */
    const message = { pcm: new Int16Array(0), level: 0 };
    this.framer = new Framer(sampleRate, (pcm, level) => {
      message.pcm = pcm;
      message.level = level;
      this.port.postMessage(message);
    });
    this.port.onmessage = () => {
      this.live = false;
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channel = inputs[0][0];
    if (channel !== undefined) this.framer.add(channel);
    return this.live;
  }
}

registerProcessor("capture", Capture);
