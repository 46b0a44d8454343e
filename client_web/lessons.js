// @ts-check
/** The lessons the server offers, and their cards. */
import { el, icon } from "./dom.js";
import { inLanguage, t } from "./words.js";

/**
 * @typedef {Record<string, string>} Said  by language code
 * @typedef {{id: string, level: string, title: Said, aim: Said, steps: number, vocabulary: Said[]}} LessonOffer
 */

/** @returns {Promise<LessonOffer[]>} */
export async function fetchLessons() {
  const answer = await fetch("/v1/lessons");
  if (!answer.ok) throw new Error(`lessons: ${answer.status}`);
  return answer.json();
}

/** @param {readonly LessonOffer[]} lessons @returns {[string, LessonOffer[]][]} by level, easiest first */
export function byLevel(lessons) {
  const levels = [...new Set(lessons.map((lesson) => lesson.level))].sort();
  return levels.map((level) => [level, lessons.filter((lesson) => lesson.level === level)]);
}

/**
 * @param {readonly LessonOffer[]} lessons
 * @param {readonly string[]} done
 * @param {(lesson: string) => void} onstart
 */
export function lessonCards(lessons, done, onstart) {
  return byLevel(lessons).map(([level, group]) =>
    el("section", { class: "level" },
      el("h3", { class: "level-name" }, el("span", { class: "level-badge", "data-level": level }, level), t(`level.${level}`)),
      el("ul", { class: "cards" }, ...group.map((lesson) => card(lesson, done.includes(lesson.id), onstart))),
    ),
  );
}

/** A talk without a lesson, where a chat model answers. @param {(lesson: string) => void} onstart */
export function freeTalkCard(onstart) {
  const button = el("button", { class: "card", type: "button", "data-lesson": "" },
    el("span", { class: "card-title" }, t("free.title")),
    el("span", { class: "card-aim" }, t("free.aim")),
    el("span", { class: "card-foot" }, el("span", {}), el("span", { class: "card-go" }, t("lesson.start"), icon("arrow"))),
  );
  button.addEventListener("click", () => onstart(""));
  return el("section", { class: "level" }, el("ul", { class: "cards" }, el("li", {}, button)));
}

/** @param {LessonOffer} lesson @param {boolean} done @param {(lesson: string) => void} onstart */
function card(lesson, done, onstart) {
  const button = el("button", { class: "card", type: "button", "data-lesson": lesson.id },
    el("span", { class: "card-title" }, inLanguage(lesson.title)),
    el("span", { class: "card-aim" }, inLanguage(lesson.aim)),
    el("span", { class: "card-foot" },
      el("span", {}, t("lesson.steps", { n: lesson.steps })),
      done ? el("span", { class: "card-done" }, icon("check"), t("lesson.done")) : el("span", { class: "card-go" }, t("lesson.start"), icon("arrow")),
    ),
  );
  button.addEventListener("click", () => onstart(lesson.id));
  return el("li", {}, button);
}

/** What the learner is about to do. @param {LessonOffer | undefined} lesson @returns {HTMLElement[]} */
export function intro(lesson) {
  if (lesson === undefined) return [];
  return [
    el("span", { class: "level-badge", "data-level": lesson.level }, lesson.level),
    el("h2", {}, inLanguage(lesson.title)),
    el("p", {}, inLanguage(lesson.aim)),
  ];
}

/** @param {LessonOffer | undefined} lesson the words a lesson practises */
export function vocabulary(lesson) {
  return (lesson?.vocabulary ?? []).map((word) =>
    el("li", {}, el("b", { lang: "en" }, word.en), el("span", {}, inLanguage(word) === word.en ? "" : inLanguage(word))),
  );
}
