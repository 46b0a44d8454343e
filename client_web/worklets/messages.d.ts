/** The messages of worklets/playback.js; its head comment says what they mean. */

export interface Counts {
  pushed: number;
  played: number;
  cleared: number;
  lost: number;
  underruns: number;
}

export type ToPlayback =
  | { type: "push"; item: string; clip: number; pcm: Int16Array }
  | { type: "end"; item: string }
  | { type: "clear" }
  | { type: "forget" }
  | { type: "duck"; on: boolean };

export type FromPlayback =
  | { type: "playhead"; item: string; played: number; level: number; counts: Counts }
  | { type: "drained"; item: string; played: number; counts: Counts }
  | { type: "cleared"; item: string; played: number; dropped: number; counts: Counts }
  | { type: "forgotten" };
