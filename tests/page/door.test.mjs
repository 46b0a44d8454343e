// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Entry, WrongKey, keyIn } from "../../client_web/door.js";
import { memory } from "../../client_web/storage.js";

const SECRETS = "/v1/realtime/client_secrets";

/** A server that knows one key, and what it was asked. @param {string} key */
function server(key) {
  /** @type {{url: string, body: any}[]} */
  const asked = [];
  const ask = async (/** @type {any} */ url, /** @type {any} */ init) => {
    asked.push({ url, body: JSON.parse(init.body) });
    if (init.headers.Authorization !== `Bearer ${key}`) return new Response("{}", { status: 401 });
    return Response.json({ value: `ek_${asked.length}` });
  };
  return { asked, ask: /** @type {typeof fetch} */ (ask) };
}

test("a key comes along in the fragment of an invitation, whatever its letters", () => {
  assert.equal(keyIn("#key=blue-whale"), "blue-whale");
  assert.equal(keyIn("#key=a%2Bb%26c%20d"), "a+b&c d");
  assert.deepEqual(["", "#", "#main", "#key=", "#other=1"].map(keyIn), ["", "", "", "", ""]);
});

test("without keys the page asks nothing and goes straight in", async () => {
  const { asked, ask } = server("k");
  const entry = new Entry(memory(), ask);
  assert.equal(entry.shut, false);
  assert.deepEqual(await entry.subprotocols(), ["tutor.v1"]);
  assert.deepEqual(asked, []);
});

test("with keys every connection takes a fresh short-lived secret, and the key itself never leaves by the socket", async () => {
  const { asked, ask } = server("k");
  const entry = new Entry(memory(), ask);
  entry.keys = true;
  assert.equal(entry.shut, true);
  await entry.take("k");
  assert.equal(entry.shut, false);
  assert.deepEqual(await entry.subprotocols(), ["tutor.v1", "openai-insecure-api-key.ek_2"]);
  assert.deepEqual(await entry.subprotocols(), ["tutor.v1", "openai-insecure-api-key.ek_3"]);
  assert.deepEqual(new Set(asked.map(({ url }) => url)), new Set([SECRETS]));
  assert.deepEqual(asked[0].body, { expires_after: { anchor: "created_at", seconds: 60 } });
});

test("a key that does not fit is not kept, and no request is made for one that no header can carry", async () => {
  const { asked, ask } = server("k");
  const store = memory();
  const entry = new Entry(store, ask);
  entry.keys = true;
  await assert.rejects(entry.take("wrong"), WrongKey);
  await assert.rejects(entry.take("clé ☂"), WrongKey);
  await assert.rejects(entry.take(""), WrongKey);
  assert.equal(asked.length, 1);
  assert.equal(entry.shut, true);
});

test("a key that was kept is known to the next page of the tab, and the one before stays where a new one is wrong", async () => {
  const { ask } = server("k");
  const store = memory();
  const before = new Entry(store, ask);
  await before.take("k");
  const after = new Entry(store, ask);
  after.keys = true;
  assert.equal(after.shut, false);
  await assert.rejects(after.take("wrong"), WrongKey);
  assert.equal((await after.subprotocols()).length, 2);
  after.forget();
  assert.equal(after.shut, true);
});

test("a server that cannot be asked says nothing about the key", async () => {
  const entry = new Entry(memory(), async () => new Response("", { status: 502 }));
  entry.keys = true;
  await assert.rejects(entry.take("k"), (error) => !(error instanceof WrongKey));
});
