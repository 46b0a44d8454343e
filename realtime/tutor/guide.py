"""The guide through a lesson: what the tutor says next, from where the learner is and what was heard."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from realtime.talk.transcript import Transcript
from realtime.tutor.lesson import Lesson, Mistake, Step, expand, fill, fill_example, sentences, spoken_out
from realtime.tutor.matching import ACCEPT_ON_SCRIPT, UNCLEAR_ON_SCRIPT, Found, Nearly, find
from realtime.tutor.phrases import AGAIN, PRAISES, Control, control_in, is_spanish, offered_controls
from realtime.tutor.spoken import plain, tokens

Verdict = Literal["right", "mistake", "unclear", "off_script", "silence"]

MOST_EXPECTED = 400
HELPED_AFTER = 1  # so many fruitless tries, and the next one is helped with a model answer
PASSED_AFTER = 3  # so many, and the next one is the last: the tutor goes on, saying so


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a learner is. `tries` counts the fruitless ones at this step; `corrected`: asked to repeat once.

    A slot without a value was filled by a word that was not surely heard. `step` counts on the path of the
    `scene`, which is None before one is chosen.
    """

    lesson: str
    step: int = 0
    tries: int = 0
    corrected: bool = False
    slots: tuple[tuple[str, str | None], ...] = ()
    started: bool = False
    finished: bool = False
    scene: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What the tutor says next, and what became of the answer; no verdict: it was none ("repeat please").

    `answer`: a right one as the lesson writes it, where all its words are known.
    """

    text: str
    verdict: Verdict | None = None
    said: str | None = None
    better: str | None = None
    note: dict[str, str] = field(default_factory=dict[str, str])
    answer: str | None = None


Move = tuple[Progress, Line]


def begin(lesson: Lesson) -> Move:
    """The greeting and the first question."""
    return Progress(lesson.id, started=True), Line(f"{lesson.opening.en} {_say(lesson, Progress(lesson.id))}")


def places(lesson: Lesson) -> Iterator[Progress]:
    """Wherever a learner can arrive: every step, of every path."""
    choice = len(lesson.steps) if lesson.choice is None else lesson.choice
    for scene in lesson.scenes or (None,):
        for at in range(lesson.length(scene)):
            yield Progress(lesson.id, at, started=True, scene=scene if at > choice else None)


def step_at(lesson: Lesson, progress: Progress) -> Step:
    return lesson.path(progress.scene)[progress.step]


def expected(lesson: Lesson, progress: Progress) -> tuple[str, ...]:
    """All that the recogniser should be ready for; at most MOST_EXPECTED, always in one order."""
    if progress.finished:
        return tuple(dict.fromkeys((*AGAIN, *offered_controls())))
    return offered(lesson, step_at(lesson, progress))[:MOST_EXPECTED]


def offered(lesson: Lesson, step: Step) -> tuple[str, ...]:
    """A step's sentences and what may be said at any time."""
    written = (*step.right, *(mistake.said for mistake in step.mistakes), *(m.better for m in step.mistakes))
    said = tuple(sentence for text in written for sentence in expand(text, lesson))
    controls = offered_controls()
    everything = dict.fromkeys((*controls, *said))
    # Full forms help the recogniser too, but only as far as there is room.
    room = max(0, MOST_EXPECTED - len(everything))
    full = [sentence for sentence in spoken_out((*controls, *said)) if sentence not in everything]
    return (*everything, *dict.fromkeys(full[:room]))


def is_possible(lesson: Lesson, progress: Progress) -> bool:
    """Whether a learner can be there: for what comes from outside."""
    if progress.scene not in (None, *lesson.scenes):
        return False
    last = lesson.length(progress.scene) - 1
    chosen = lesson.choice is not None and progress.step > lesson.choice
    placed = 0 <= progress.step <= last and 0 <= progress.tries <= PASSED_AFTER
    placed = placed and chosen == (progress.scene is not None)
    begun = progress.started or progress == Progress(lesson.id)
    ended = not progress.finished or progress.step == last
    known = all(_may_fill(lesson, name, value) for name, value in progress.slots)
    return progress.lesson == lesson.id and placed and begun and ended and known


def _may_fill(lesson: Lesson, name: str, value: str | None) -> bool:
    words = lesson.slots.get(name)
    return words is not None and (value is None or value in words.written.values())


def hint(lesson: Lesson, progress: Progress) -> tuple[dict[str, str], dict[str, str]]:
    """The step's hint, and what the tutor asks there, by language."""
    if progress.finished:
        return dict(_FINISHED), dict(_FINISHED)
    here, slots = step_at(lesson, progress), dict(progress.slots)
    asked = {language: fill(text, slots) for language, text in here.say.by_language().items()}
    return here.hint.by_language(), asked


def step(lesson: Lesson, progress: Progress, heard: Transcript) -> Move:
    """The learner answered: where they are now, and what the tutor says."""
    words = tokens(heard)
    if progress.finished:
        return _after_the_end(lesson, progress, tuple(word.text for word in words))
    found = find(lesson, step_at(lesson, progress), words) if _is_believed(heard) else None
    if not progress.started:
        is_right = isinstance(found, Found) and found.kind == "right"
        if not is_right:
            return begin(lesson)
        progress = replace(progress, started=True)
    if not words:
        return _silence(lesson, progress)
    if not _is_believed(heard):
        unclear = heard.on_script is not None and heard.on_script >= UNCLEAR_ON_SCRIPT
        return _unclear(lesson, progress) if unclear else _off_script(lesson, progress)
    return _answered(lesson, progress, found, tuple(word.text for word in words), heard.on_script is not None)


def _is_believed(heard: Transcript) -> bool:
    return heard.on_script is None or heard.on_script >= ACCEPT_ON_SCRIPT


def _answered(
    lesson: Lesson, progress: Progress, found: Found | Nearly | None, words: tuple[str, ...], scored: bool
) -> Move:
    if isinstance(found, Found):
        known = {**dict(progress.slots), **dict(found.slots)}
        progress = replace(progress, slots=tuple(known.items()))
        return _right(lesson, progress, found) if found.kind == "right" else _mistake(lesson, progress, found)
    control = control_in(words)
    if control is not None:
        return _controlled(lesson, progress, control)
    if isinstance(found, Nearly):
        return _unclear(lesson, progress, step_at(lesson, progress).right[found.at])
    if is_spanish(words):
        return _off_script(lesson, progress, "In English, please.")
    # A recogniser that is sure of a sentence and gives none of ours has mixed two of them.
    return _unclear(lesson, progress) if scored else _off_script(lesson, progress)


# what becomes of an answer


def _right(lesson: Lesson, progress: Progress, found: Found) -> Move:
    here = step_at(lesson, progress)
    react = here.react or PRAISES[progress.step % len(PRAISES)]
    answer, is_example = fill_example(here.right[found.at], lesson, dict(found.slots))
    line = Line(fill(react, dict(progress.slots)), "right", answer=None if is_example else answer)
    return _go_on(lesson, progress, line, here.right[found.at])


def _mistake(lesson: Lesson, progress: Progress, found: Found) -> Move:
    mistake: Mistake = step_at(lesson, progress).mistakes[found.at]
    slots = dict(found.slots)
    better, is_example = fill_example(mistake.better, lesson, slots)
    said, _ = fill_example(mistake.said, lesson, slots)
    model = f"We say, for example: {better}" if is_example else f"We say: {better}"
    line = Line(model, "mistake", None if is_example else said, better, mistake.note())
    if progress.corrected:
        return _go_on(lesson, progress, replace(line, text=f"Good try. {model}"), mistake.better)
    return replace(progress, corrected=True), replace(line, text=f"Almost. {model} Can you say that?")


def _unclear(lesson: Lesson, progress: Progress, nearest: str | None = None) -> Move:
    if _is_enough(progress):
        return _go_on(lesson, progress, Line("Thank you for trying.", "unclear"))
    if nearest is not None:
        model = _model(lesson, progress, nearest)
        return _again(progress, Line(f"Sorry, I am not sure. Can you say: {model}", "unclear"))
    if progress.tries >= HELPED_AFTER:
        return _again(progress, Line(f"Sorry, not clear yet. {_help(lesson, progress)}", "unclear"))
    return _again(progress, Line("Sorry, I didn't catch that. Can you say it again, please?", "unclear"))


def _off_script(lesson: Lesson, progress: Progress, opener: str = "") -> Move:
    if _is_enough(progress):
        is_last = progress.step + 1 == lesson.length(progress.scene)
        passing = "That was the last question." if is_last else "Let's try the next one."
        return _go_on(lesson, progress, Line(passing, "off_script"))
    back = opener or f"Let's go on with {lesson.topic}."
    rest = _question(lesson, progress) if progress.tries < HELPED_AFTER else _help(lesson, progress)
    return _again(progress, Line(f"{back} {rest}", "off_script"))


def _silence(lesson: Lesson, progress: Progress) -> Move:
    """Never passed over: the learner may have left the room."""
    rest = _question(lesson, progress) if progress.tries < HELPED_AFTER else _help(lesson, progress)
    return _again(progress, Line(f"Take your time. {rest}", "silence"))


def _controlled(lesson: Lesson, progress: Progress, control: Control) -> Move:
    if control == "skip":
        return _go_on(lesson, progress, Line("No problem."))
    hints, asked = hint(lesson, progress)
    note = {"en": hints["en"], "es": f"{asked['es']} {hints['es']}"}
    match control:
        case "repeat":
            return progress, Line(f"Of course. {_say(lesson, progress)}")
        case "explain":
            return progress, Line(f"No problem. {hints['en']} {_question(lesson, progress)}", note=note)
        case "help":
            return progress, Line(f"Let me help. {_help(lesson, progress)}", note=note)
        case "hello":
            return progress, Line(f"Hello! {_question(lesson, progress)}")
        case "goodbye":
            return progress, Line(f"See you soon! Or shall we go on? {_question(lesson, progress)}")
        case "yes" | "no":
            return progress, Line(f"Can you say a little more? {_question(lesson, progress)}", note=note)


def _after_the_end(lesson: Lesson, progress: Progress, words: tuple[str, ...]) -> Move:
    if words in {plain(text) for text in AGAIN}:
        return begin(lesson)
    if control_in(words) in ("no", "goodbye"):
        return progress, Line("Goodbye! Come back soon and talk with me.")
    return progress, Line(_FINISHED["en"])


# moving


def _go_on(lesson: Lesson, progress: Progress, line: Line, answer: str | None = None) -> Move:
    """`answer`: the right one that was given, or meant."""
    scene = progress.scene or step_at(lesson, progress).scene_after(answer)
    following = replace(progress, step=progress.step + 1, tries=0, corrected=False, scene=scene)
    if following.step == lesson.length(scene):
        over = replace(following, step=progress.step, finished=True)
        return over, replace(line, text=f"{line.text} {fill(lesson.end.en, dict(progress.slots))}")
    rest = _say(lesson, following) if len(sentences(line.text)) == 1 else _question(lesson, following)
    return following, replace(line, text=f"{line.text} {rest}")


def _again(progress: Progress, line: Line) -> Move:
    # Silence is never passed over: its tries would grow without an end.
    return replace(progress, tries=min(progress.tries + 1, PASSED_AFTER)), line


def _is_enough(progress: Progress) -> bool:
    """Asked to repeat a correction, or tried often enough: the tutor insists no further."""
    return progress.corrected or progress.tries >= PASSED_AFTER


# words


def _say(lesson: Lesson, progress: Progress) -> str:
    return fill(step_at(lesson, progress).say.en, dict(progress.slots))


def _question(lesson: Lesson, progress: Progress) -> str:
    return fill(step_at(lesson, progress).question, dict(progress.slots))


def _help(lesson: Lesson, progress: Progress) -> str:
    return f"You can say: {_model(lesson, progress, step_at(lesson, progress).right[0])} Now you!"


def _model(lesson: Lesson, progress: Progress, sentence: str) -> str:
    return fill_example(sentence, lesson, dict(progress.slots))[0]


_FINISHED = {
    "en": "We have finished this lesson. Would you like to start again?",
    "es": "Hemos terminado esta lección. ¿Quieres empezar otra vez?",
}
