// The npm package `openai`, unchanged, on a running server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { HEARD, Log, LONG, URL_ROOT, utterance, YOU_SAID } from './stage.mjs';

const WEATHER = {
  type: 'function',
  name: 'weather',
  description: 'The weather in a town.',
  parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
};
const TRANSCRIBED = { input: { transcription: { model: 'gpt-4o-mini-transcribe' } } };

const client = new OpenAI({ apiKey: 'none', baseURL: `${URL_ROOT}/v1` });

/** A talk through either of the package's two classes. */
class Caller extends Log {
  constructor(socket) {
    super();
    this.socket = socket;
    socket.on('event', (event) => this.add(event));
    socket.on('error', (error) => error.error || this.fail(error));
  }

  send(event) {
    this.socket.send(event);
  }

  async configure(session) {
    await this.until('session.created');
    this.send({ type: 'session.update', session: { type: 'realtime', ...session } });
    return (await this.until('session.updated')).session;
  }

  write(text) {
    const content = [{ type: 'input_text', text }];
    this.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  }

  async ask(response) {
    this.send({ type: 'response.create', ...(response && { response }) });
    return this.response();
  }

  speak() {
    for (const piece of utterance()) {
      this.send({ type: 'input_audio_buffer.append', audio: piece.toString('base64') });
    }
  }
}

async function calling(body) {
  const caller = new Caller(new OpenAIRealtimeWS({ model: 'tutor' }, client));
  try {
    await body(caller);
  } finally {
    caller.socket.close();
  }
}

test('a text turn', () =>
  calling(async (caller) => {
    const session = await caller.configure({ output_modalities: ['text'], instructions: 'Be brief.' });
    assert.equal(session.instructions, 'Be brief.');
    caller.write('good morning');
    const response = await caller.ask();
    assert.equal(response.output[0].content[0].text, 'You said: good morning');
    const deltas = caller.events.filter((event) => event.type === 'response.output_text.delta');
    assert.equal(deltas.map((event) => event.delta).join(''), 'You said: good morning');
  }));

test('a spoken turn', () =>
  calling(async (caller) => {
    await caller.configure({ audio: TRANSCRIBED });
    caller.speak();
    const completed = await caller.until('conversation.item.input_audio_transcription.completed');
    assert.equal(completed.transcript, HEARD);
    const response = await caller.response();
    assert.equal(response.output[0].content[0].transcript, YOU_SAID);
    assert.ok(caller.types().includes('response.output_audio.delta'));
  }));

test('push to talk', () =>
  calling(async (caller) => {
    await caller.configure({ audio: { input: { turn_detection: null } } });
    caller.speak();
    caller.send({ type: 'input_audio_buffer.commit' });
    await caller.until('input_audio_buffer.committed');
    const response = await caller.ask();
    assert.equal(response.output[0].content[0].transcript, YOU_SAID);
    assert.ok(!caller.types().includes('input_audio_buffer.speech_started'));
  }));

test('a tool turn', () =>
  calling(async (caller) => {
    await caller.configure({ output_modalities: ['text'], tools: [WEATHER], tool_choice: 'required' });
    caller.write('how is it outside?');
    const [call] = (await caller.ask()).output;
    assert.deepEqual([call.type, call.name, JSON.parse(call.arguments)], ['function_call', 'weather', { town: 'Madrid' }]);
    const item = { type: 'function_call_output', call_id: call.call_id, output: 'sunny' };
    caller.send({ type: 'conversation.item.create', item });
    const response = await caller.ask({ tool_choice: 'auto' });
    assert.equal(response.output[0].content[0].text, 'The answer is sunny.');
  }));

test('the learner interrupts', () =>
  calling(async (caller) => {
    await caller.configure({ audio: TRANSCRIBED });
    caller.write(LONG);
    caller.send({ type: 'response.create' });
    const { item_id } = await caller.until('response.output_audio.delta');
    for (let more = 0; more < 10; more++) await caller.until('response.output_audio.delta');
    caller.speak();
    const cut = await caller.response();
    assert.deepEqual([cut.status, cut.status_details.reason], ['cancelled', 'turn_detected']);
    caller.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 500 });
    assert.equal((await caller.until('conversation.item.truncated')).item_id, item_id);
    assert.equal((await caller.response()).output[0].content[0].transcript, YOU_SAID);
  }));

test('a refusal names the event that it is about', () =>
  calling(async (caller) => {
    await caller.configure({});
    caller.send({ type: 'response.cancel', event_id: 'mine' });
    const { error } = await caller.until('error');
    assert.deepEqual([error.code, error.event_id], ['response_cancel_not_active', 'mine']);
  }));

test('a transcription session', async () => {
  const caller = new Caller(new OpenAIRealtimeWS({ intent: 'transcription' }, client));
  try {
    assert.equal((await caller.until('session.created')).session.type, 'transcription');
    caller.speak();
    const completed = await caller.until('conversation.item.input_audio_transcription.completed');
    assert.equal(completed.transcript, HEARD);
  } finally {
    caller.socket.close();
  }
});

test('a browser opens a talk with a client secret', async () => {
  const secret = await client.realtime.clientSecrets.create({ session: { type: 'realtime', instructions: 'Only in Latin.' } });
  assert.match(secret.value, /^ek_/);
  const browser = new OpenAI({ apiKey: secret.value, baseURL: `${URL_ROOT}/v1` });
  const caller = new Caller(new OpenAIRealtimeWebSocket({ model: 'tutor', dangerouslyAllowBrowser: true }, browser));
  try {
    assert.equal((await caller.until('session.created')).session.instructions, 'Only in Latin.');
    assert.equal(caller.socket.socket.protocol, 'realtime');
    caller.write('salve');
    const response = await caller.ask({ output_modalities: ['text'] });
    assert.equal(response.output[0].content[0].text, 'You said: salve');
  } finally {
    caller.socket.close();
  }
});
