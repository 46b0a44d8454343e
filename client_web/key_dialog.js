// @ts-check
/** Asks for the classroom code, until there is one that fits. */
import { WrongKey } from "./door.js";
import { byId } from "./dom.js";
import { t } from "./words.js";

/** @import { Entry } from "./door.js" */

export class KeyDialog {
  /** @param {Entry} entry */
  constructor(entry) {
    this.entry = entry;
    this.dialog = byId("key", HTMLDialogElement);
    this.field = byId("key-field", HTMLInputElement);
    this.button = byId("key-enter", HTMLButtonElement);
    /** The key of the words that say what is wrong; "" for nothing. */
    this.wrong = "";
    byId("key-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
  }

  /** @param {string} [wrong] why it is asked for again: a message's key */
  open(wrong = "") {
    this.#say(wrong);
    if (!this.dialog.open) this.dialog.showModal();
    this.field.select();
  }

  /** A key that came with the page's address. @param {string} key */
  async offer(key) {
    this.field.value = key;
    const wrong = await this.#try(key);
    if (wrong !== "") this.open(wrong);
    else this.dialog.close();
  }

  /** Says it in another language. */
  speak() {
    this.#say(this.wrong);
  }

  async #enter() {
    this.button.disabled = true;
    await this.offer(this.field.value.trim());
    this.button.disabled = false;
  }

  /** @param {string} key @returns {Promise<string>} what is wrong; "" where it fits */
  async #try(key) {
    try {
      await this.entry.take(key);
      this.field.value = "";
      return "";
    } catch (error) {
      if (error instanceof WrongKey) return "key.wrong";
      console.error(error);
      return "key.unreachable";
    }
  }

  /** @param {string} wrong */
  #say(wrong) {
    this.wrong = wrong;
    const node = byId("key-problem", HTMLElement);
    node.textContent = wrong === "" ? "" : t(wrong);
    this.field.setAttribute("aria-invalid", String(wrong !== ""));
  }
}
