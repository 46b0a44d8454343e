// What both clients share: where the server is, what the learner says, and a log to wait on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// The schema by which agents-realtime silently drops what does not fit; the package does not export it.
const schema = new URL('../../node_modules/@openai/agents-realtime/dist/openaiRealtimeEvents.mjs', import.meta.url);
const { parseRealtimeEvent } = await import(schema.href);

export const URL_ROOT = needed('ATOM_URL');
export const HEARD = needed('ATOM_HEARD');
export const YOU_SAID = `You said: ${HEARD}`;
export const LONG = Array(20).fill('and one more word').join(' ');
const PATIENCE_MS = 20_000;
const RATE = 24_000;

function needed(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run \`make test-clients\``);
  return value;
}

/** The recording in pieces of 100 ms. */
export function* utterance() {
  const pcm = readFileSync(needed('ATOM_UTTERANCE'));
  const piece = RATE / 5;
  for (let at = 0; at < pcm.length; at += piece) yield pcm.subarray(at, at + piece);
}

/** All events of a connection in their order; each must fit the strict schema. */
export class Log {
  events = [];
  #read = 0;
  #wake = () => {};
  #failed = null;

  add(event) {
    if (parseRealtimeEvent({ data: JSON.stringify(event) }).isGeneric) {
      this.fail(new Error(`agents-realtime drops ${JSON.stringify(event)}`));
    }
    this.events.push(event);
    this.#wake();
  }

  fail(error) {
    this.#failed ??= error;
    this.#wake();
  }

  /** The next event of that type that was not read yet. */
  async until(type) {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      if (this.#failed) throw this.#failed;
      while (this.#read < this.events.length) {
        const event = this.events[this.#read++];
        if (event.type === type) return event;
      }
      await new Promise((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`no ${type} after ${this.types().join(', ')}`));
      });
    }
  }

  async response() {
    return (await this.until('response.done')).response;
  }

  types() {
    return this.events.map((event) => event.type);
  }
}
