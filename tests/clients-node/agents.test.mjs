// The npm package `@openai/agents-realtime`, unchanged, on a running server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';
import { HEARD, Log, LONG, URL_ROOT, utterance, YOU_SAID } from './stage.mjs';

const TALK_URL = `${URL_ROOT.replace('https', 'wss')}/v1/realtime?model=tutor`;

const weather = tool({
  name: 'weather',
  description: 'The weather in a town.',
  parameters: z.object({ town: z.string() }),
  execute: async ({ town }) => `sunny in ${town}`,
});

/** A connected session; `log` holds the server's events. */
async function running(config, body) {
  const log = new Log();
  const transport = new OpenAIRealtimeWebSocket();
  const agent = new RealtimeAgent({ name: 'Atom', instructions: 'Be kind.', tools: [weather] });
  const session = new RealtimeSession(agent, { transport, config });
  transport.on('*', (event) => event.event_id && log.add(event));
  session.on('error', ({ error }) => log.fail(new Error(JSON.stringify(error.error ?? error.message ?? error))));
  await session.connect({ apiKey: 'none', url: TALK_URL });
  try {
    await body(session, log);
  } finally {
    session.close();
  }
}

function speak(session, pieces = utterance()) {
  for (const piece of pieces) {
    session.sendAudio(piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length));
  }
}

function told(session) {
  return session.history
    .filter((item) => item.type === 'message')
    .map((item) => `${item.role}: ${item.content.map((part) => part.transcript ?? part.text).join(' ')}`);
}

test('its settings are taken, and outlive its second update', () =>
  running({}, async (_session, log) => {
    await log.until('session.updated');
    const { session } = await log.until('session.updated');
    assert.ok(session.instructions.includes('Be kind.'));
    assert.deepEqual(session.tools.map((one) => one.name), ['weather']);
  }));

test('a text turn', () =>
  running({ outputModalities: ['text'] }, async (session, log) => {
    session.sendMessage('good morning');
    assert.equal((await log.response()).output[0].content[0].text, 'You said: good morning');
    assert.deepEqual(told(session), ['user: good morning', 'assistant: You said: good morning']);
  }));

test('a spoken turn', () =>
  running({}, async (session, log) => {
    const sounded = once(session, 'audio');
    speak(session);
    await sounded;
    assert.equal((await log.response()).status, 'completed');
    assert.deepEqual(told(session), [`user: ${HEARD}`, `assistant: ${YOU_SAID}`]);
  }));

test('a tool is run and its output answered', () =>
  running({}, async (session, log) => {
    const ended = once(session, 'agent_tool_end');
    session.sendMessage('please call weather');
    assert.equal((await ended)[3], 'sunny in Madrid');
    assert.equal((await log.response()).output[0].type, 'function_call');
    const answer = await log.response();
    assert.equal(answer.output[0].content[0].transcript, 'The answer is sunny in Madrid.');
  }));

test('the learner interrupts', () =>
  running({}, async (session, log) => {
    const interrupted = once(session, 'audio_interrupted');
    session.sendMessage(LONG);
    for (let more = 0; more < 10; more++) await log.until('response.output_audio.delta');
    speak(session);
    await interrupted;
    const cut = await log.response();
    assert.equal(cut.status_details.reason, 'turn_detected');
    assert.equal((await log.until('conversation.item.truncated')).item_id, cut.output[0].id);
    const answer = await log.response();
    assert.equal(answer.output[0].content[0].transcript, YOU_SAID);
  }));

test('it cancels by itself where speech does not', () => {
  const turnDetection = { type: 'server_vad', interruptResponse: false };
  return running({ audio: { input: { turnDetection } } }, async (session, log) => {
    session.sendMessage(LONG);
    for (let more = 0; more < 10; more++) await log.until('response.output_audio.delta');
    const pieces = [...utterance()];
    speak(session, pieces.slice(0, 12));
    assert.equal((await log.response()).status_details.reason, 'client_cancelled');
    speak(session, pieces.slice(12));
    assert.equal((await log.response()).status, 'completed');
  });
});
