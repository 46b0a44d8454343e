"""What the two sides of a session share: its configuration, its conversation, its way to the client."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.protocol.config import Config, Level, Patience, policy
from realtime.session.demand import Demand
from realtime.session.echo import Echo
from realtime.session.tape import Tape
from realtime.talk.conversation import Conversation
from realtime.talk.turn import Policy
from realtime.tracing import UNNAMED, Source
from realtime.wire.link import Outgoing

Version = tuple[int, int]  # of the conversation, of what else a reply depends on
Tell = Callable[[Outgoing], Awaitable[None]]
Post = Callable[[Any], Awaitable[None]]


def new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(10)}"


def now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000  # anyio's costs ten times as much, for each window


class Shared:
    """`tutor`: the tutor.v1 subprotocol. `tell` sends to the client, if there is one."""

    config: Config
    policy: Policy

    def __init__(
        self,
        tell: Tell,
        config: Config,
        tape: Tape,
        *,
        tutor: bool,
        source: Source = UNNAMED,
        demand: Demand | None = None,
    ) -> None:
        self.source = source
        self.demand = demand or Demand()
        self.tell = tell
        self.tape = tape
        self.echo = Echo()
        self.tutor = tutor
        self.conversation = Conversation()
        self.conversation_id = new_id("conv")
        self.patience: Patience = "medium"
        self.level: Level = "A2"
        self.mother_tongue = "en"
        self.corrections = True
        self._changes = 0
        self.configure(config)

    @property
    def version(self) -> Version:
        """A reply that was begun on another version is stale."""
        return self.conversation.version, self._changes

    @property
    def languages(self) -> tuple[str, ...]:
        """What the learner may speak, the likeliest first; a client may name one."""
        transcription = self.config.audio.input.transcription
        named = transcription.language if transcription else None
        return (named,) if named else tuple(dict.fromkeys(("en", self.mother_tongue)))

    @property
    def hearing_prompt(self) -> str:
        """What the client says may be spoken of."""
        transcription = self.config.audio.input.transcription
        return (transcription.prompt if transcription else None) or ""

    async def tell_tutor(self, message: Outgoing) -> None:
        if self.tutor:
            await self.tell(message)

    def holds(self, item_id: str) -> bool:
        """Whether it is still in the conversation: the client may delete any item at any time."""
        return any(entry.id == item_id for entry in self.conversation.entries)

    def configure(self, config: Config) -> None:
        self.config = config
        self.policy = policy(config, tutor=self.tutor, patience=self.patience, level=self.level)
        self.touch()

    def touch(self) -> None:
        """Something changed that a reply depends on."""
        self._changes += 1
