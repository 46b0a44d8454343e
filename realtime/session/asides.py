"""Out-of-band responses: replies beside the turn, untouched by speech, cancelled by their id."""

from realtime.errors import ProtocolError
from realtime.session.news import ReplyEnded, SpeechNews
from realtime.session.shared import Tell
from realtime.session.speech import Speech

MOST = 4


class Asides:
    """They belong to no conversation; their items are not kept."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._speeches: dict[str, Speech] = {}  # by response id

    def __contains__(self, response_id: str) -> bool:
        return response_id in self._speeches

    async def open(self, speech: Speech) -> None:
        """Raises ProtocolError when there are too many."""
        if len(self._speeches) >= MOST:
            message = f"{MOST} responses outside the conversation are active already"
            raise ProtocolError("too_many_responses", message)
        self._speeches[speech.wire.id] = speech
        for event in speech.wire.opened():
            await self._tell(event)

    async def take(self, news: SpeechNews | ReplyEnded) -> None:
        speech = self._speeches.get(news.reply_id)
        if speech is None:
            return
        if isinstance(news, ReplyEnded):
            events = speech.end(news)
            del self._speeches[news.reply_id]
        else:
            events = speech.take(news, None)
        for event in events:
            await self._tell(event)

    async def cancel(self, response_id: str) -> None:
        speech = self._speeches.pop(response_id)
        if speech.reply:
            await speech.reply.stop()
        for event in speech.wire.over("cancelled", "client_cancelled"):
            await self._tell(event)
