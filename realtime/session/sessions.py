"""All talks of this process: opened, resumed after a lost socket, ended."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from realtime.errors import ProtocolError
from realtime.protocol.config import Config
from realtime.session.session import Engines, Session
from realtime.settings import Settings
from realtime.tutor.lesson import Lesson
from realtime.wire.client_events import TutorForget, TutorResume
from realtime.wire.link import Link

log = logging.getLogger(__name__)
SESSION_OVER = anyio.BrokenResourceError


@dataclass(slots=True, eq=False)
class Seat:
    """A session, who sits there, and what ends it: a deadline that moves when its client comes and goes."""

    session: Session
    link: Link | None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Sessions:
    """`tasks` is the application's task group: a talk lives in it, not in its connection.

    `told` how many talks there are here, gives how many there are in all workers.
    """

    def __init__(
        self,
        settings: Settings,
        engines: Engines,
        lessons: Mapping[str, Lesson],
        tasks: TaskGroup,
        told: Callable[[int], int] = int,
    ) -> None:
        self.lessons = lessons
        self._settings = settings
        self._engines = engines
        self._tasks = tasks
        self._told = told
        self._seats: dict[str, Seat] = {}

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def in_all(self) -> int:
        """Talks of all workers."""
        return self._told(len(self._seats))

    async def serve(self, link: Link, start: Config) -> None:
        """One connection, from its greeting to its end; `start`: how its session is configured at first."""
        if self.in_all >= self._settings.limits.sessions:
            message = f"all {self._settings.limits.sessions} places are taken"
            await link.refuse(ProtocolError("server_full", message, kind="server_error"))
            await link.close(1013, message)
            return
        seat = self._open(link, start)
        try:
            await seat.session.attach(link, back=False)
            async for message in link.messages():
                if isinstance(message, TutorResume):
                    seat = await self._resume(message, seat, link)
                elif isinstance(message, TutorForget) and link.tutor:
                    seat.scope.cancel()
                else:
                    await seat.session.receive(message)
        except SESSION_OVER:
            await link.close(1011, "the session has ended")
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave(seat, link)

    def _open(self, link: Link, start: Config) -> Seat:
        session = Session(self._settings, self._engines, self.lessons, start, tutor=link.tutor)
        seat = Seat(session, link)
        self._seats[session.id] = seat
        self._told(len(self._seats))
        self._tasks.start_soon(self._run, seat)
        return seat

    async def _run(self, seat: Seat) -> None:
        """A fault in one talk ends that talk and no other."""
        farewell = 1000, "the session is over"
        try:
            with seat.scope, anyio.move_on_after(self._settings.limits.session_s):
                await seat.session.run()
        except Exception:
            log.exception("session %s failed", seat.session.id)
            farewell = 1011, "the session has failed"
        finally:
            self._seats.pop(seat.session.id, None)
            self._told(len(self._seats))
            if seat.link:
                await seat.link.close(*farewell)

    async def _resume(self, event: TutorResume, seat: Seat, link: Link) -> Seat:
        """Swap the connection's fresh session for the one it asks for."""
        found = self._seats.get(event.session_id)
        if found is None or not link.tutor or not found.session.tutor or found is seat:
            message = f"there is no talk {event.session_id!r} to go on with"
            await link.refuse(ProtocolError("session_not_found", message, param="session_id"), event.event_id)
            return seat
        seat.link = None
        seat.scope.cancel()
        before, found.link = found.link, link
        found.scope.deadline = float("inf")
        if before:
            await before.close(1000, "the talk goes on elsewhere")
            await found.session.detach()
        await found.session.attach(link, back=True)
        return found

    async def _leave(self, seat: Seat, link: Link) -> None:
        """A tutor.v1 talk is kept for a while, so that a lost socket does not end it."""
        if seat.link is not link:
            return
        seat.link = None
        try:
            await seat.session.detach()
        except SESSION_OVER:
            return
        if seat.session.tutor:
            seat.scope.deadline = anyio.current_time() + self._settings.limits.resume_s
        else:
            seat.scope.cancel()
