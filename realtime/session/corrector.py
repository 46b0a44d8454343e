"""The mistakes in what the learner said: looked for once the reply is being heard, so that it waits for
nothing. Until then an utterance may be taken in again, and half a sentence is not to be corrected.
"""

from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from realtime.session.news import Corrected
from realtime.session.shared import Post
from realtime.talk.transcript import Transcript
from realtime.tutor.corrections import corrections_of
from realtime.tutor.guide import Verdict
from realtime.wire.server_events import SpokenCorrection, TutorFeedback

AT_ONCE = 60  # so many words take less than two milliseconds; more are read in a thread


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance by its item; `verdict`: the lesson's."""

    item_id: str
    transcript: Transcript
    verdict: Verdict | None = None


class Corrector:
    """`tasks` is the session's task group; `post` takes what is found."""

    def __init__(self, tasks: TaskGroup, post: Post) -> None:
        self._tasks = tasks
        self._post = post

    def look(self, heard: Heard) -> None:
        self._tasks.start_soon(self._look, heard)

    async def _look(self, heard: Heard) -> None:
        feedback = await corrected(heard)
        if feedback:
            await self._post(Corrected(feedback))


async def corrected(heard: Heard) -> TutorFeedback | None:
    if len(heard.transcript.words) <= AT_ONCE:
        found = corrections_of(heard.transcript)
    else:
        found = await anyio.to_thread.run_sync(corrections_of, heard.transcript)
    if not found:
        return None
    told = tuple(
        SpokenCorrection(
            rule=one.rule, said=one.said, better=one.better, sentence=one.sentence, note=one.note
        )
        for one in found
    )
    return TutorFeedback(item_id=heard.item_id, verdict=heard.verdict or "correction", corrections=told)
