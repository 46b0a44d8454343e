// @ts-check
/** What the learner chose about the page, kept in the browser. */

/** @import { Store } from "./storage.js" */

const KEY = "atom.settings";

/**
 * @typedef {object} Settings
 * @property {string} language of the page, which is the learner's mother tongue
 * @property {"auto" | "light" | "dark"} theme
 * @property {"open" | "push"} mode
 * @property {string} microphone a device id; "" for the browser's choice
 * @property {string} speaker
 * @property {string} voice "" for the server's own
 * @property {"low" | "medium" | "high"} patience
 * @property {number} pace of the tutor's speech; 1 is natural
 * @property {number} threshold how sure it must be that a sound is speech, 0 to 1
 */

/** @type {Settings} */
const DEFAULTS = {
  language: "",
  theme: "auto",
  mode: "open",
  microphone: "",
  speaker: "",
  voice: "",
  patience: "medium",
  pace: 1,
  threshold: 0.5,
};

/** @param {string | null} text what was kept @returns {Settings} */
export function settingsFrom(text) {
  const kept = parsed(text);
  const known = Object.entries(DEFAULTS).map(([key, usual]) => [key, typeof kept[key] === typeof usual ? kept[key] : usual]);
  return Object.fromEntries(known);
}

/** @param {Store} storage */
export function loadSettings(storage) {
  return settingsFrom(storage.getItem(KEY));
}

/** @param {Store} storage @param {Settings} settings */
export function saveSettings(storage, settings) {
  storage.setItem(KEY, JSON.stringify(settings));
}

/** @param {string | null} text @returns {Record<string, unknown>} */
function parsed(text) {
  try {
    const value = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
