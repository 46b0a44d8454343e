"""All talks of this process: opened, resumed after a lost socket, ended."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from realtime.errors import ProtocolError
from realtime.session.session import Engines, Session
from realtime.settings import Settings
from realtime.tutor.lesson import Lesson
from realtime.wire.client_events import TutorResume
from realtime.wire.link import Link

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Seat:
    """A session, and what ends it: a deadline that moves when its client comes and goes."""

    session: Session
    scope: anyio.CancelScope


class Sessions:
    """`tasks` is the application's task group: a talk lives in it, not in its connection."""

    def __init__(
        self, settings: Settings, engines: Engines, lessons: Mapping[str, Lesson], tasks: TaskGroup
    ) -> None:
        self.lessons = lessons
        self._settings = settings
        self._engines = engines
        self._tasks = tasks
        self._seats: dict[str, Seat] = {}

    def __len__(self) -> int:
        return len(self._seats)

    async def serve(self, link: Link) -> None:
        """One connection, from its greeting to its end."""
        if len(self._seats) >= self._settings.limits.sessions:
            message = f"all {self._settings.limits.sessions} places are taken"
            await link.refuse(ProtocolError("server_full", message, kind="server_error"))
            return
        seat = self._open(link)
        await seat.session.greet(link)
        try:
            async for message in link.messages():
                if isinstance(message, TutorResume):
                    seat = await self._resume(message, seat, link)
                else:
                    await seat.session.receive(message)
        except anyio.BrokenResourceError:
            await link.close(1011, "the session has ended")
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave(seat, link)

    def _open(self, link: Link) -> Seat:
        session = Session(self._settings, self._engines, self.lessons, tutor=link.tutor)
        seat = Seat(session, anyio.CancelScope())
        self._seats[session.id] = seat
        self._tasks.start_soon(self._run, seat)
        return seat

    async def _run(self, seat: Seat) -> None:
        """A fault in one talk ends that talk and no other."""
        try:
            with seat.scope, anyio.move_on_after(self._settings.limits.session_s):
                await seat.session.run()
        except Exception:
            log.exception("session %s failed", seat.session.id)
        finally:
            self._seats.pop(seat.session.id, None)
            if seat.session.link:
                await seat.session.link.close(1000, "the session is over")

    async def _resume(self, event: TutorResume, seat: Seat, link: Link) -> Seat:
        """Swap the connection's fresh session for the one it asks for."""
        found = self._seats.get(event.session_id)
        if found is None or not link.tutor or not found.session.tutor or found is seat:
            message = f"there is no talk {event.session_id!r} to go on with"
            await link.refuse(ProtocolError("session_not_found", message, param="session_id"), event.event_id)
            return seat
        seat.session.link = None
        seat.scope.cancel()
        if found.session.link:
            await found.session.link.close(1000, "the talk goes on elsewhere")
        found.scope.deadline = float("inf")
        await found.session.resume(link)
        return found

    async def _leave(self, seat: Seat, link: Link) -> None:
        """A tutor.v1 talk is kept for a while, so that a lost socket does not end it."""
        if seat.session.link not in (link, None):
            return
        try:
            await seat.session.detach()
        except anyio.BrokenResourceError:
            return
        if seat.session.tutor:
            seat.scope.deadline = anyio.current_time() + self._settings.limits.resume_s
        else:
            seat.scope.cancel()
