"""What the tutor said last, once more: as it was said, or slower at the same pitch.

It is no reply: no engine is asked, and the conversation knows nothing of it.
"""

import anyio
import anyio.to_thread
import numpy as np
from anyio.abc import TaskGroup

from realtime.engines.protocols import VOICE_RATE
from realtime.errors import ProtocolError
from realtime.packs.opus import at_speed
from realtime.session.news import Repeated
from realtime.session.pace import ClockPace
from realtime.session.shared import Post, Shared, now_ms
from realtime.talk.playback import Passage
from realtime.wire.server_events import TutorAgain

SLOWER = 0.75  # of the speed at which it was said
PIECE_BYTES = VOICE_RATE * 2 // 10  # 100 ms


class Again:
    """`tasks` is the session's task group; `post` takes the sound, at most `lead_ms` before it is played.

    One passage at a time is said again.
    """

    def __init__(self, shared: Shared, tasks: TaskGroup, post: Post, lead_ms: float) -> None:
        self._shared = shared
        self._tasks = tasks
        self._post = post
        self._lead_ms = lead_ms
        self._scope = anyio.CancelScope()
        self._ends_at_ms = 0.0

    @property
    def playing(self) -> bool:
        return self._ends_at_ms > 0 and now_ms() < self._ends_at_ms

    def say(self, item_id: str, passage: Passage, *, slower: bool) -> float:
        """How long it takes, in ms. Raises ProtocolError where its sound is no longer held."""
        pcm = self._shared.tape.part(item_id, passage.start_ms, passage.end_ms)
        if not pcm:
            raise ProtocolError("nothing_to_repeat", "the sound of what the tutor said is no longer held")
        self.stop()
        self._scope = anyio.CancelScope()
        speed = SLOWER if slower else 1
        self._tasks.start_soon(self._say, item_id, passage, pcm, speed, self._scope)
        takes_ms = (passage.end_ms - passage.start_ms) / speed
        self._ends_at_ms = now_ms() + takes_ms
        return takes_ms

    def stop(self) -> None:
        """What was posted before is not told any more."""
        self._scope.cancel()
        self._ends_at_ms = 0

    async def take(self, news: Repeated) -> None:
        if not news.scope.cancel_called:
            await self._shared.tell_tutor(news.message)

    async def _say(
        self, item_id: str, passage: Passage, pcm: bytes, speed: float, scope: anyio.CancelScope
    ) -> None:
        with scope:
            sound = np.frombuffer(pcm, np.int16)
            pcm = (await anyio.to_thread.run_sync(at_speed, sound, speed)).tobytes()
            begins = TutorAgain(
                item_id=item_id,
                text=passage.text,
                start_ms=round(passage.start_ms),
                speed=speed,
                samples=len(pcm) // 2,
            )
            await self._post(Repeated(scope, begins))
            pace = ClockPace(self._lead_ms)
            for at in range(0, len(pcm), PIECE_BYTES):
                piece = pcm[at : at + PIECE_BYTES]
                await pace.room()
                pace.sent(len(piece) * 500 / VOICE_RATE)
                await self._post(Repeated(scope, piece))
