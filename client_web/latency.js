// @ts-check
/** The panel that tells how fast the last reply was, stage by stage. */
import { el } from "./dom.js";
import { language, t } from "./words.js";

/** @import { TutorLatency } from "./protocol" */

/** @import { Counts } from "./worklets/messages" */

const PLAY_RATE = 24_000;
/** What the stages are counted from. @type {Record<TutorLatency["kind"], string>} */
export const AFTER = { voice: "latency.after", commit: "latency.after_commit", request: "latency.after_request" };

/** Stages in the order they were reached, as the server lists those of one moment, each with its share of the longest. @param {Record<string, number>} stages */
export function stageBars(stages) {
  const inOrder = Object.entries(stages).sort(([, one], [, other]) => one - other);
  const longest = Math.max(1, ...inOrder.map(([, ms]) => ms));
  return inOrder.map(([name, ms]) => ({ name, ms, share: Math.max(0, ms) / longest }));
}

/** @param {HTMLElement} node @param {readonly TutorLatency[]} latencies @param {Counts} sound */
export function showLatency(node, latencies, sound) {
  const last = latencies.at(-1);
  if (last === undefined) {
    node.replaceChildren(el("p", { class: "quiet" }, t("latency.none")));
    return;
  }
  const rows = stageBars(last.stages).map(({ name, ms, share }) => {
    const bar = el("i", {});
    bar.style.setProperty("--share", String(share));
    return el("li", {}, el("span", {}, stageName(name)), bar, el("b", {}, t("latency.ms", { n: Math.round(ms) })));
  });
  node.replaceChildren(
    el("p", { class: "quiet" }, t(AFTER[last.kind])),
    el("ul", { class: "bars" }, ...rows),
    el("p", { class: "quiet" }, t("latency.sound", { came: seconds(sound.pushed), played: seconds(sound.played), underruns: sound.underruns })),
  );
}

/** @param {number} samples */
function seconds(samples) {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(samples / PLAY_RATE);
}

/** A stage that a newer server names is shown as it is called. @param {string} name */
function stageName(name) {
  const key = `stage.${name}`;
  const words = t(key);
  return words === key ? name.replaceAll("_", " ") : words;
}
