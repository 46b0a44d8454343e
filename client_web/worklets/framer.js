// @ts-check
/** Blocks of the microphone become PCM16 frames of about 20 ms and their level. Pure; allocates only when made. */

export const FRAMES_A_SECOND = 50;

export class Framer {
  /**
   * @param {number} rate samples a second
   * @param {(pcm: Int16Array, level: number) => void} emit called with a frame that is reused afterwards
   */
  constructor(rate, emit) {
    this.frame = new Int16Array(Math.round(rate / FRAMES_A_SECOND));
    this.emit = emit;
    this.filled = 0;
    this.energy = 0;
  }

  /** @param {Float32Array} block */
  add(block) {
    const { frame } = this;
    for (let i = 0; i < block.length; i++) {
      const sample = Math.max(-1, Math.min(1, block[i]));
      this.energy += sample * sample;
      frame[this.filled++] = sample < 0 ? sample * 32768 : sample * 32767;
      if (this.filled === frame.length) this.#whole();
    }
  }

  #whole() {
    this.emit(this.frame, Math.sqrt(this.energy / this.frame.length));
    this.filled = 0;
    this.energy = 0;
  }
}
