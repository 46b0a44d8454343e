// @ts-check
/**
 * A room for the page, put there before it loads: its microphone hears the learner, the room's noise, and the tutor out
 * of the loudspeaker, as loud and as late as `roomSetup` says. The page's content policy must be off, for the wire at
 * the loudspeaker is a worklet from here.
 *
 * atomRoom.say(pcm) -> when its first sample was in the microphone;  pcm: 24 kHz PCM16 in base64
 * atomRoom.events   {at, type, on} of what the server has sent, but for sound and words
 * atomRoom.loud     {from, to} of each sound of the loudspeaker, with no more than 20 ms of silence in it
 * All times are the page's, in milliseconds.
 */
(() => {
  /** @type {{echo_db: number | null, late_ms: number}} */
  const setup = /** @type {any} */ (window).roomSetup;
  const RATE = 24_000;
  const NOISE = 0.001; // -60 dBFS
  const REVERBERATION_S = 0.4;
  const TELLING = new Set(["tutor.duck", "input_audio_buffer.speech_started", "response.created", "response.done"]);

  /** @type {{at: number, type: string, on: boolean}[]} */
  const events = [];
  /** @type {{from: number, to: number}[]} */
  const loud = [];
  /** @type {(room: {context: BaseAudioContext, mix: MediaStreamAudioDestinationNode}) => void} */
  let furnished;
  /** @type {Promise<{context: BaseAudioContext, mix: MediaStreamAudioDestinationNode}>} */
  const room = new Promise((resolve) => (furnished = resolve));

  /** @type {(this: AudioNode, to: AudioNode) => AudioNode} */
  const connect = AudioNode.prototype.connect;
  /** @type {any} */ (AudioNode.prototype).connect = function (/** @type {AudioNode} */ to) {
    if (this instanceof AudioWorkletNode && this.numberOfInputs === 0) void furnish(this);
    return connect.call(this, to);
  };
  navigator.mediaDevices.getUserMedia = async () => (await room).mix.stream;

  window.WebSocket = class extends WebSocket {
    /** @param {string | URL} address @param {string | string[]} [protocols] */
    constructor(address, protocols) {
      super(address, protocols);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        const { type, on } = JSON.parse(data);
        if (TELLING.has(type)) events.push({ at: performance.now(), type, on });
      });
    }
  };

  const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([[heard]]) {
      if (heard?.some((sample) => Math.abs(sample) > 0.003)) this.port.postMessage(currentTime);
      return true;
    }
  });`;

  /** @param {AudioWorkletNode} loudspeaker */
  async function furnish(loudspeaker) {
    const context = /** @type {AudioContext} */ (loudspeaker.context);
    const mix = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    noise(context, mix);
    if (setup.echo_db !== null) {
      const walls = new ConvolverNode(context, { buffer: impulse(), disableNormalization: true });
      const way = new DelayNode(context, { delayTime: setup.late_ms / 1000, maxDelayTime: 1 });
      connect.call(loudspeaker, walls);
      walls.connect(way).connect(mix);
    }
    furnished({ context, mix });
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
    const tap = new AudioWorkletNode(context, "tap");
    tap.port.onmessage = ({ data }) => note(context, data);
    connect.call(loudspeaker, tap);
  }

  /** @param {AudioContext} context @param {number} time of a block in which something is heard */
  function note(context, time) {
    const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp();
    const from = performanceTime + (time - contextTime) * 1000;
    const to = from + (128 * 1000) / RATE;
    const last = loud.at(-1);
    if (last !== undefined && from - last.to <= 20) last.to = to;
    else loud.push({ from, to });
  }

  /** A room that sounds on for a while, as loud as `echo_db`. */
  function impulse() {
    const sound = new Float32Array(RATE * REVERBERATION_S);
    for (let i = 1; i < sound.length; i++) sound[i] = gaussian() * 10 ** ((-3 * i) / sound.length);
    const tail = Math.sqrt(sound.reduce((sum, sample) => sum + sample ** 2, 0));
    const level = 10 ** ((setup.echo_db ?? 0) / 20) / Math.sqrt(1.25);
    for (let i = 1; i < sound.length; i++) sound[i] *= (0.5 * level) / tail;
    sound[0] = level;
    return bufferOf(sound);
  }

  /** @param {BaseAudioContext} context @param {AudioNode} mix */
  function noise(context, mix) {
    const sound = Float32Array.from({ length: RATE * 5 }, () => gaussian() * NOISE);
    const source = new AudioBufferSourceNode(context, { buffer: bufferOf(sound), loop: true });
    source.connect(mix);
    source.start();
  }

  function gaussian() {
    return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }

  /** @param {Float32Array<ArrayBuffer>} sound */
  function bufferOf(sound) {
    const buffer = new AudioBuffer({ length: sound.length, sampleRate: RATE });
    buffer.copyToChannel(sound, 0);
    return buffer;
  }

  /** @param {string} pcm */
  async function say(pcm) {
    const { context, mix } = await room;
    const bytes = Uint8Array.from(atob(pcm), (letter) => letter.charCodeAt(0));
    const sound = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
    const source = new AudioBufferSourceNode(context, { buffer: bufferOf(sound) });
    source.connect(mix);
    source.start();
    return performance.now();
  }

  Object.defineProperty(window, "atomRoom", { value: { say, events, loud } });
})();
