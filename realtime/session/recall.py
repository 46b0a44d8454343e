"""What a talk's chat model is given to read, kept within its window."""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from realtime.engines.protocols import ChatModel, ChatRequest
from realtime.errors import EngineError
from realtime.protocol import prompt, window
from realtime.protocol.config import Config
from realtime.protocol.window import Kept, Measure
from realtime.talk.conversation import Entry
from realtime.talk.tokens import Tokens

log = logging.getLogger(__name__)
SUMMARY_TOKENS = 150


@dataclass(frozen=True, slots=True)
class Topic:
    """What a reply answers. `own`: the conversation itself, and not what a client gave instead of it."""

    config: Config
    entries: tuple[Entry, ...]
    own: bool
    limit: int | None  # tokens of the answer


class Recall:
    """One for a session. `tasks` is the session's group: summaries are written there, while nobody waits.

    Which turns are left out is decided when a reply begins. Their summary is written after an earlier reply
    has ended, and given up when the next one begins; without it they are left out all the same.
    """

    def __init__(self, model: ChatModel, tasks: TaskGroup) -> None:
        self.model = model
        self._tasks = tasks
        self._kept = Kept()
        self._measure = Measure()
        self._window: int | None = None
        self._summary = anyio.CancelScope()

    async def begin(self, topic: Topic) -> None:
        """A learner waits for this reply: no summary is written meanwhile."""
        if topic.own:
            self._summary.cancel()
        with suppress(EngineError):
            self._window = await self.model.window() or self._window

    def request(self, topic: Topic) -> ChatRequest:
        kept = self._kept if topic.own else Kept()
        retained = window.retention(topic.config.truncation)
        if self._window is not None and retained is not None:
            kept = window.fitted(kept, topic.entries, self._room(topic, kept, self._window), retained)
        if topic.own:
            self._kept = kept
        limit = topic.limit
        if limit is not None and self._window is not None:
            limit = window.answer_limit(limit, self._window)
        return ChatRequest(
            prompt.messages(topic.config.instructions, kept.of(topic.entries), kept.summary),
            prompt.tools(topic.config),
            prompt.tool_choice(topic.config),
            limit,
        )

    def learn(self, request: ChatRequest, usage: Tokens | None) -> None:
        self._measure = self._measure.after(_characters(request), usage)

    def refused(self, request: ChatRequest) -> None:
        """The server says that this was too long: more is left out from now on."""
        characters = _characters(request)
        self._window = self._window or self._measure.tokens(characters)
        self._measure = self._measure.refused(characters, self._window)

    def end(self, topic: Topic) -> None:
        """The reply is written; while the learner listens there is time to look ahead."""
        if topic.own and window.retention(topic.config.truncation) is not None:
            self._summary = anyio.CancelScope()
            self._tasks.start_soon(self._look_ahead, topic, self._summary)

    async def _look_ahead(self, topic: Topic, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                await self._summarise(topic)
            except EngineError as error:
                log.info("no summary: %s", error)

    async def _summarise(self, topic: Topic) -> None:
        retained = window.retention(topic.config.truncation)
        if self._window is None or retained is None:
            return
        kept = self._kept
        leaving = window.outgrown(kept, topic.entries, self._room(topic, kept, self._window), retained)
        if not leaving:
            return
        request = ChatRequest(
            prompt.summarising(topic.config.instructions, leaving, kept.summary),
            prompt.tools(topic.config),
            "none",
            min(SUMMARY_TOKENS, self._window // 8),
        )
        async with self.model.reply(request) as news:
            summary = "".join([one async for one in news if isinstance(one, str)]).strip()
        if summary:
            self._kept = Kept(kept.without(leaving).left_out, summary)

    def _room(self, topic: Topic, kept: Kept, tokens: int) -> float:
        fixed = (
            len(topic.config.instructions) + len(kept.summary) + len(json.dumps(prompt.tools(topic.config)))
        )
        return self._measure.room(tokens, topic.limit, fixed)


def _characters(request: ChatRequest) -> int:
    written = sum(window.FRAME + len(str(message["content"] or message)) for message in request.messages)
    return written + len(json.dumps(request.tools))
