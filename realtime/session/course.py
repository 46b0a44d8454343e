"""Where a learner is in a lesson, and what the tutor answers there."""

from collections.abc import Mapping
from dataclasses import dataclass

from realtime.talk.transcript import Transcript
from realtime.tutor import guide
from realtime.tutor.guide import Line, Progress
from realtime.tutor.lesson import Lesson
from realtime.tutor.spelling import capitals, spelled
from realtime.tutor.summary import Answered, summary
from realtime.tutor.takeaway import qr_image, takeaway
from realtime.wire.server_events import TutorFeedback, TutorHint, TutorLesson, TutorSummary

NOT_HEARD = Line("Sorry, I could not hear you well. Can you say that again?", "unclear")
NOWHERE = Progress("")
NO_HURRY = {
    "en": "Take your time. Say one more sentence, or stop: then I answer.",
    "es": "Tómate tu tiempo. Di una frase más, o para: entonces te contesto.",
}


@dataclass(frozen=True, slots=True)
class LessonMove:
    """What to say, and where the learner will be once it is being said."""

    line: Line
    before: Progress
    after: Progress


class Course:
    """The one place of a session that moves through a lesson; the moves themselves are pure.

    `lesson` is None in free talk. `public_url`: where a learner's phone finds the page.
    """

    def __init__(self, lessons: Mapping[str, Lesson], lesson_id: str, public_url: str = "") -> None:
        self.lesson: Lesson | None = None
        self.progress = NOWHERE
        self._lessons = lessons
        self._public_url = public_url
        self._answered: list[Answered] = []
        self._over = False  # the end is being said, or has been, and was not summed up yet
        self.choose(lesson_id)

    def choose(self, lesson_id: str) -> None:
        """Start a lesson, or with "" leave it. Raises KeyError."""
        self.lesson = self._lessons[lesson_id] if lesson_id else None
        self.progress = Progress(lesson_id)
        self._forget()
        self._capitals = capitals(self.lesson)

    def choose_if_known(self, lesson_id: object) -> None:
        """A stock client names a lesson by its prompt's id; one that is none of ours is its own affair."""
        if isinstance(lesson_id, str) and lesson_id in self._lessons:
            self.choose(lesson_id)

    def expected(self) -> tuple[str, ...]:
        return guide.expected(self.lesson, self.progress) if self.lesson else ()

    def spelled(self, heard: Transcript) -> Transcript:
        """As it is written in the lesson."""
        return spelled(heard, self._capitals)

    def plan(self, heard: Transcript | None) -> LessonMove:
        """The answer to what was heard; None where recognition failed. Raises ValueError outside a lesson."""
        lesson, before = self.lesson, self.progress
        if lesson is None:
            raise ValueError("there is no lesson to go on with")
        if heard is None:
            return LessonMove(NOT_HEARD, before, before)
        if not before.started and not heard.words:
            after, line = guide.begin(lesson)
        else:
            after, line = guide.step(lesson, before, heard)
        return LessonMove(line, before, after)

    def adopt(self, move: LessonMove) -> None:
        self.progress = move.after
        if move.line.verdict not in (None, "silence"):
            self._answered.append((move.before.step, move.line))
        if move.after.finished != move.before.finished:
            self._over = move.after.finished

    def take_back(self, move: LessonMove) -> None:
        """Nothing of the reply was heard: the learner is where they were."""
        if self.progress == move.after:
            self.progress = move.before
            self._answered = [(step, line) for step, line in self._answered if line is not move.line]
            self._over = self._over and move.before.finished

    def take_leave(self) -> TutorSummary | None:
        """Once, when the lesson is over: how it went. What was answered is forgotten with it."""
        if self.lesson is None or not self._over:
            return None
        told = summary(self._answered)
        self._forget()
        held = takeaway(told, self._public_url)
        return TutorSummary(
            lesson=self.lesson.id,
            right=told.right,
            answers=told.answers,
            learnt=told.learnt,
            said=told.said,
            note=told.note,
            link=held,
            qr=qr_image(held),
        )

    def _forget(self) -> None:
        self._answered.clear()
        self._over = False

    def standing(self) -> TutorLesson:
        if self.lesson is None:
            return TutorLesson(lesson="")
        return TutorLesson(
            lesson=self.lesson.id,
            title=self.lesson.title.en,
            step=self.progress.step,
            steps=self.lesson.length(self.progress.scene),
            finished=self.progress.finished,
        )

    def hint(self) -> TutorHint | None:
        if self.lesson is None:
            return None
        hint, line = guide.hint(self.lesson, self.progress)
        return TutorHint(hint=hint, line=line)

    def help(self) -> TutorHint:
        """For a learner who has been speaking for long."""
        return self.hint() or TutorHint(hint=NO_HURRY)


def remarks(line: Line, item_id: str | None) -> TutorFeedback | TutorHint | None:
    """What is shown beside the learner's words: what became of the answer, or the help they asked for."""
    if line.verdict is None:
        return TutorHint(hint=line.note) if line.note else None
    if item_id is None:
        return None
    return TutorFeedback(
        item_id=item_id, verdict=line.verdict, said=line.said, better=line.better, note=line.note
    )
