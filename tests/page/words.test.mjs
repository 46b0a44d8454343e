// @ts-check
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { filled, pickLanguage } from "../../client_web/words.js";

const PAGE = new URL("../../client_web/", import.meta.url);
const read = (/** @type {string} */ name) => readFileSync(new URL(name, PAGE), "utf8");
const catalogue = (/** @type {string} */ code) => JSON.parse(read(`messages/${code}.json`));
const LISTED = /** @type {{code: string, name: string}[]} */ (JSON.parse(read("messages/languages.json")));

test("every listed language says everything, with the same blanks to fill", () => {
  const english = catalogue("en");
  const blanks = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const { code } of LISTED) {
    const words = catalogue(code);
    assert.deepEqual(Object.keys(words).sort(), Object.keys(english).sort(), code);
    for (const [key, text] of Object.entries(words)) assert.deepEqual(blanks(text), blanks(english[key]), `${code} ${key}`);
  }
});

test("every catalogue is listed", () => {
  const files = readdirSync(new URL("messages/", PAGE)).filter((name) => name !== "languages.json");
  assert.deepEqual(files.sort(), LISTED.map(({ code }) => `${code}.json`).sort());
});

test("the page names no word that a catalogue lacks, and no catalogue has a word that the page never says", () => {
  const english = Object.keys(catalogue("en"));
  const sources = readdirSync(PAGE).filter((name) => /\.(js|html)$/.test(name)).map(read).join("\n");
  const named = [...sources.matchAll(/(?:data-t(?:-label)?=|\bt\()"([\w.]+)"/g)].map((match) => match[1]);
  for (const key of named) assert.ok(english.includes(key), key);
  const built = /^(level|phase|more|feedback|notice|problem|settings|stage|kiosk\.(reason|on)|learnt\.note)\./;
  for (const key of english) assert.ok(named.includes(key) || built.test(key) || sources.includes(`"${key}"`), key);
});

test("blanks are filled and unknown ones stay", () => {
  assert.equal(filled("{step} of {steps} {x}", { step: 1, steps: 10 }), "1 of 10 {x}");
});

test("the chosen language comes first, then the browser's, then English", () => {
  assert.equal(pickLanguage("es", ["en-GB"], LISTED), "es");
  assert.equal(pickLanguage("", ["fr-FR", "es-MX"], LISTED), "es");
  assert.equal(pickLanguage("xx", ["fr"], LISTED), "en");
});
