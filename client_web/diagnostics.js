// @ts-check
/**
 * `window.atomTalk`: what the page knows about its talk, read-only; for tests on the real page and for reports.
 *
 *   snapshot() -> {
 *     view, phase, link, session, problem, notice, muted, held, lesson, hint, latencies,
 *     turns        as in captions.js, with `text` and, for the tutor, `marked` (words with heard, now, ahead)
 *     playing      the item that is heard, "" for none;  replaying  likewise
 *     received     samples that came from the server;  pushed  into the ring (with replays);  played;  cleared;
 *                  lost (refused by a full ring);  underruns;  at rest: pushed = played + cleared in the worklet + lost
 *     clearedAt    performance.now() of the last acknowledged clear, 0 for none
 *     sent, rate   samples of the microphone that were sent, and their rate;  hears  whether it is on
 *     level        of the microphone, root mean square, 0 to 1;  voice  of the loudspeaker
 *   }
 */
import { markedWords, textOf } from "./captions.js";
import { phaseOf } from "./state.js";

/** @import { Talk } from "./talk.js" */

/** @param {Talk} talk */
export function snapshotOf(talk) {
  const { state, speaker, microphone } = talk;
  const { view, link, session, problem, notice, muted, held, lesson, hint, latencies, playing } = state;
  const turns = state.turns.map((turn) => ({ ...turn, text: textOf(turn), marked: turn.who === "tutor" ? markedWords(turn) : [] }));
  const { pushed, played, lost, underruns } = speaker.counts;
  return structuredClone({
    view, phase: phaseOf(state), link, session, problem, notice, muted, held, lesson, hint, latencies, turns,
    playing, replaying: state.replay?.item ?? "",
    received: speaker.received, pushed, played, cleared: speaker.cleared, lost, underruns, clearedAt: speaker.clearedAt,
    sent: talk.sent, rate: microphone.rate, hears: microphone.on, level: talk.level, voice: speaker.level,
  });
}

/** @param {Talk} talk */
export function expose(talk) {
  const tool = Object.freeze({ snapshot: () => snapshotOf(talk) });
  Object.defineProperty(window, "atomTalk", { value: tool, enumerable: true });
}
