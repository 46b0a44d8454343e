// @ts-check
/** How the page is let in: where the server has keys, each connection takes a short-lived secret for one. */

/**
 * What the server says of itself before it lets anyone in. `chat`: there is free talk; `elsewhere`: engines that the
 * server did not start itself.
 * @typedef {{keys: boolean, profile: string, chat: boolean, elsewhere: boolean}} Door
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

export const PROTOCOL = "tutor.v1";
const KEPT = "atom.key";
const SUBPROTOCOL = "openai-insecure-api-key.";
/** A secret is used at once. */
const SECRET_S = 60;
const PATIENCE_MS = 10_000;

/** The server does not know the key. */
export class WrongKey extends Error {}

/** @returns {Promise<Door>} */
export async function fetchDoor() {
  const answer = await fetch("/v1/door", { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`door: ${answer.status}`);
  return answer.json();
}

/** The key that an invitation brings along ("#key=..."), "" for none. @param {string} fragment */
export function keyIn(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("key")?.trim() ?? "";
}

/** The key, as long as the browser's tab lives. */
export class Entry {
  /** @param {Store} store @param {typeof fetch} ask */
  constructor(store, ask) {
    this.store = store;
    this.ask = ask;
    /** Whether the server has keys. */
    this.keys = false;
  }

  /** Nothing is known that could open the door. */
  get shut() {
    return this.keys && this.#key === "";
  }

  /** Keeps the key if it fits. Throws WrongKey, or another error where the server cannot be asked. @param {string} key */
  async take(key) {
    await this.#secret(key);
    this.store.setItem(KEPT, key);
  }

  forget() {
    this.store.removeItem(KEPT);
  }

  /** The subprotocols with which a connection is let in. Throws as `take`. @returns {Promise<string[]>} */
  async subprotocols() {
    return this.keys ? [PROTOCOL, SUBPROTOCOL + (await this.#secret(this.#key))] : [PROTOCOL];
  }

  get #key() {
    return this.store.getItem(KEPT) ?? "";
  }

  /** @param {string} key @returns {Promise<string>} */
  async #secret(key) {
    if (!/^[\x20-\x7e\xa1-\xff]+$/.test(key)) throw new WrongKey("no header can carry it");
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ expires_after: { anchor: "created_at", seconds: SECRET_S } });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await this.ask("/v1/realtime/client_secrets", { method: "POST", headers, body, signal });
    if (answer.status === 401) throw new WrongKey("the server does not know it");
    if (!answer.ok) throw new Error(`client secret: ${answer.status}`);
    return (await answer.json()).value;
  }
}
