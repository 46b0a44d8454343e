/**
 * A second wire at the loudspeaker: what the page's playback puts out is kept, block by block, as the browser
 * makes it. The page's content policy must be off, for the wire's worklet comes from here.
 */
(() => {
  const connect = AudioNode.prototype.connect;
  const blocks = [];
  Object.defineProperty(window, "atomTap", { value: { sound } });

  AudioNode.prototype.connect = function (to, ...rest) {
    if (this instanceof AudioWorkletNode && this.numberOfInputs === 0) void tap(this);
    return connect.call(this, to, ...rest);
  };

  const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
    kept = new Float32Array(4800);
    length = 0;

    process([[heard]]) {
      if (heard === undefined) return true;
      this.kept.set(heard, this.length);
      this.length += heard.length;
      if (this.length + heard.length > this.kept.length) {
        this.port.postMessage(this.kept.slice(0, this.length));
        this.length = 0;
      }
      return true;
    }
  });`;

  async function tap(node) {
    await node.context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
    const wire = new AudioWorkletNode(node.context, "tap");
    wire.port.onmessage = ({ data }) => blocks.push(data);
    connect.call(node, wire);
    connect.call(wire, node.context.destination);
  }

  /** All so far: PCM16 in base64. */
  function sound() {
    const pcm = Int16Array.from(blocks.flatMap((block) => [...block]), (sample) => sample * 32767);
    let text = "";
    for (const byte of new Uint8Array(pcm.buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  }
})();
