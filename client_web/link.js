// @ts-check
/** The connection to the tutor: events and audio over one WebSocket, opened again when it is lost. */

import { WrongKey } from "./door.js";

/** @import { ClientEvent, ServerEvent } from "./protocol" */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * How long to wait before the nth try; spread out, so that a class does not come back all at once.
 * @param {number} attempt 0 for the first
 * @param {number} chance 0 to 1
 */
export function backoffMs(attempt, chance) {
  const whole = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return Math.round(whole * (0.5 + chance / 2));
}

/**
 * @typedef {object} Listener
 * @property {(event: ServerEvent) => void} event
 * @property {(pcm: Int16Array) => void} audio
 * @property {() => void} connecting
 * @property {(retry_ms: number) => void} closed
 * @property {() => void} refused the key opens the door no more; nothing is tried again
 */

export class Link {
  /** @param {string} address @param {() => Promise<string[]>} subprotocols @param {Listener} listener */
  constructor(address, subprotocols, listener) {
    this.address = address;
    this.subprotocols = subprotocols;
    this.listener = listener;
    /** Only the try that began last counts. */
    this.tries = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.attempt = 0;
    this.timer = 0;
    this.wanted = false;
    window.addEventListener("online", () => this.retry());
  }

  open() {
    this.wanted = true;
    this.attempt = 0;
    void this.#connect();
  }

  close() {
    this.wanted = false;
    this.tries++;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.socket = null;
  }

  /** Tries at once instead of waiting. */
  retry() {
    if (!this.wanted || this.socket !== null) return;
    void this.#connect();
  }

  get ready() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** @param {ClientEvent} event */
  send(event) {
    if (this.ready) this.socket?.send(JSON.stringify(event));
  }

  /** @param {Int16Array<ArrayBuffer>} pcm */
  sendAudio(pcm) {
    if (this.ready) this.socket?.send(pcm);
  }

  async #connect() {
    clearTimeout(this.timer);
    const mine = ++this.tries;
    this.listener.connecting();
    const protocols = await this.subprotocols().catch((/** @type {unknown} */ error) => this.#shut(error, mine));
    if (protocols === undefined || mine !== this.tries) return;
    const socket = new WebSocket(this.address, protocols);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = () => this.#lost(socket);
    this.socket = socket;
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    if (typeof data !== "string") {
      this.listener.audio(new Int16Array(data));
      return;
    }
    const event = /** @type {ServerEvent} */ (JSON.parse(data));
    if (event.type === "session.created") this.attempt = 0;
    this.listener.event(event);
  }

  /** No secret was given: the key is wrong, or the server cannot be asked. @param {unknown} error @param {number} mine */
  #shut(error, mine) {
    if (mine !== this.tries) return;
    if (error instanceof WrongKey) this.listener.refused();
    else this.#again();
  }

  /** @param {WebSocket} socket */
  #lost(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.#again();
  }

  #again() {
    const retry_ms = backoffMs(this.attempt++, Math.random());
    this.timer = window.setTimeout(() => void this.#connect(), retry_ms);
    this.listener.closed(retry_ms);
  }
}
