// @ts-check
/** Earlier talks as a list that opens. */
import { turnsOf } from "./history.js";
import { el, icon } from "./dom.js";
import { learnerParts } from "./transcript.js";
import { language, t } from "./words.js";

/** @import { History, KeptTalk } from "./history.js" */

/** @param {HTMLElement} list @param {History} history @param {(lesson: string, title: string) => string} titleOf */
export function showHistory(list, history, titleOf) {
  list.replaceChildren(...history.talks.map((talk) => talkRow(talk, titleOf)));
}

/** @param {KeptTalk} talk @param {(lesson: string, title: string) => string} titleOf */
function talkRow(talk, titleOf) {
  const when = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(talk.at);
  const turns = turnsOf(talk).map((turn) => {
    const row = el("li", { class: `turn ${turn.who}` });
    if (turn.who === "learner") row.append(...learnerParts(turn));
    else row.append(el("p", { class: "who" }, "Atom"), el("p", { class: "said", lang: "en" }, turn.text));
    return row;
  });
  return el("li", {}, el("details", {},
    el("summary", {},
      el("b", {}, titleOf(talk.lesson, talk.title)),
      el("span", { class: "quiet" }, when),
      el("span", { class: "quiet" }, t("history.turns", { n: talk.turns.length })),
      talk.finished ? el("span", { class: "card-done" }, icon("check"), t("history.finished")) : "",
    ),
    el("ol", { class: "turns" }, ...turns),
  ));
}
