"""Where a learner is in a lesson, and what the tutor answers there."""

from collections.abc import Mapping
from dataclasses import dataclass

from realtime.talk.transcript import Transcript
from realtime.tutor import guide
from realtime.tutor.guide import Line, Progress
from realtime.tutor.lesson import Lesson
from realtime.wire.server_events import TutorFeedback, TutorHint, TutorLesson

NOT_HEARD = Line("Sorry, I could not hear you well. Can you say that again?", "unclear")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to say, and where the learner will be once it is being said."""

    line: Line
    before: Progress
    after: Progress


class Course:
    """The one place of a session that moves through a lesson; the moves themselves are pure."""

    def __init__(self, lessons: Mapping[str, Lesson], lesson_id: str) -> None:
        self._lessons = lessons
        self.choose(lesson_id)

    def choose(self, lesson_id: str) -> None:
        """Start a lesson. Raises KeyError."""
        self.lesson = self._lessons[lesson_id]
        self.progress = Progress(lesson_id)

    def expected(self) -> tuple[str, ...]:
        return guide.expected(self.lesson, self.progress)

    def plan(self, heard: Transcript | None) -> Plan:
        """The answer to what was heard; None where recognition failed."""
        before = self.progress
        if heard is None:
            return Plan(NOT_HEARD, before, before)
        if not before.started and not heard.words:
            after, line = guide.begin(self.lesson)
        else:
            after, line = guide.step(self.lesson, before, heard)
        return Plan(line, before, after)

    def adopt(self, plan: Plan) -> None:
        self.progress = plan.after

    def take_back(self, plan: Plan) -> None:
        """Nothing of the reply was heard: the learner is where they were."""
        if self.progress == plan.after:
            self.progress = plan.before

    def standing(self) -> TutorLesson:
        return TutorLesson(
            lesson=self.lesson.id,
            title=self.lesson.title.en,
            step=self.progress.step,
            steps=len(self.lesson.steps),
            finished=self.progress.finished,
        )

    def hint(self) -> TutorHint:
        hint, line = guide.hint(self.lesson, self.progress)
        return TutorHint(hint=hint, line=line)


def feedback(line: Line, item_id: str) -> TutorFeedback | None:
    if line.verdict is None:
        return None
    return TutorFeedback(
        item_id=item_id, verdict=line.verdict, said=line.said, better=line.better, note=line.note
    )
