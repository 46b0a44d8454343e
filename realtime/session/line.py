"""A session's way to its client, which comes and goes."""

import logging

from realtime.errors import LinkClosed
from realtime.wire.link import Link, Outgoing

log = logging.getLogger(__name__)


class Line:
    """`link`: None while the client is away."""

    def __init__(self, session_id: str) -> None:
        self.link: Link | None = None
        self._session_id = session_id

    async def tell(self, message: Outgoing) -> None:
        """A client that is away is told nothing; what it missed is in the conversation."""
        if self.link is None:
            return
        try:
            await self.link.send(message)
        except LinkClosed as error:
            log.info("session %s: %s", self._session_id, error)
            self.link = None
