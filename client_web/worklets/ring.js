// @ts-check
/** A ring of samples: what was pushed first is pulled first, and a full ring takes no more. Pure. */

export class Ring {
  /** @param {number} capacity in samples */
  constructor(capacity) {
    this.samples = new Float32Array(capacity);
    this.start = 0;
    this.length = 0;
  }

  get capacity() {
    return this.samples.length;
  }

  /**
   * @param {Int16Array} pcm
   * @returns {number} how many samples found room
   */
  push(pcm) {
    const { samples, capacity } = this;
    const taken = Math.min(pcm.length, capacity - this.length);
    let at = (this.start + this.length) % capacity;
    for (let i = 0; i < taken; i++) {
      samples[at] = pcm[i] / 32768;
      if (++at === capacity) at = 0;
    }
    this.length += taken;
    return taken;
  }

  /**
   * @param {Float32Array} out
   * @param {number} offset where in `out` the samples go
   * @param {number} count how many are wanted
   * @returns {number} how many there were
   */
  pull(out, offset, count) {
    const { samples, capacity } = this;
    const given = Math.min(count, this.length);
    let at = this.start;
    for (let i = 0; i < given; i++) {
      out[offset + i] = samples[at];
      if (++at === capacity) at = 0;
    }
    this.start = at;
    this.length -= given;
    return given;
  }

  /** @returns {number} how many samples were thrown away */
  clear() {
    const dropped = this.length;
    this.length = 0;
    return dropped;
  }
}
