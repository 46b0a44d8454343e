// @ts-check
/** The page's words in the learner's language: message catalogues, and their places in the document. */

/**
 * @typedef {Record<string, string>} Catalogue
 * @typedef {{code: string, name: string}} Language
 */

const FALLBACK = "en";
const PATIENCE_MS = 10_000;

/** @type {Catalogue} */
let chosen = {};
/** @type {Catalogue} */
let fallback = {};
let code = FALLBACK;
/** What has come once need not come again. @type {Map<string, any>} */
const files = new Map();

/** @returns {Promise<Language[]>} the languages that have a catalogue */
export async function languages() {
  return catalogueFile("languages");
}

/** The wanted language, else the first of the browser's that there is. @param {string} wanted @param {readonly string[]} browser @param {readonly Language[]} known */
export function pickLanguage(wanted, browser, known) {
  const codes = new Set(known.map((language) => language.code));
  return [wanted, ...browser.map((tag) => tag.split("-")[0])].find((one) => codes.has(one)) ?? FALLBACK;
}

/** @param {string} language */
export async function speak(language) {
  const [first, second] = await Promise.all([catalogueFile(FALLBACK), catalogueFile(language)]);
  fallback = first;
  chosen = second;
  code = language;
  document.documentElement.lang = language;
  fillIn(document);
}

export function language() {
  return code;
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  return filled(chosen[key] ?? fallback[key] ?? key, values);
}

/** "{n} steps" with n. @param {string} text @param {Record<string, string | number>} values */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What is there in several languages, in the learner's. @param {Record<string, string> | undefined} said */
export function inLanguage(said) {
  return said?.[code] ?? said?.[FALLBACK] ?? "";
}

/** Puts words where `data-t` (text) and `data-t-label` (accessible name and tooltip) name them. @param {ParentNode} root */
export function fillIn(root) {
  for (const node of root.querySelectorAll("[data-t]")) {
    node.textContent = t(/** @type {HTMLElement} */ (node).dataset.t ?? "");
  }
  for (const node of root.querySelectorAll("[data-t-label]")) {
    const label = t(/** @type {HTMLElement} */ (node).dataset.tLabel ?? "");
    node.setAttribute("aria-label", label);
    node.setAttribute("title", label);
  }
}

/** @param {string} name */
async function catalogueFile(name) {
  if (files.has(name)) return files.get(name);
  const answer = await fetch(new URL(`./messages/${name}.json`, import.meta.url), { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`messages/${name}.json: ${answer.status}`);
  const file = await answer.json();
  files.set(name, file);
  return file;
}
