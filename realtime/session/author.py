"""Who writes the replies: the guided lesson, or the chat model."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from realtime.engines.protocols import ChatEnded, ChatModel, ChatNews, ChatRequest
from realtime.errors import EngineDown, EngineRefused
from realtime.protocol import prompt
from realtime.protocol.request import Asked
from realtime.session.course import Course, LessonMove
from realtime.talk.conversation import Entry
from realtime.talk.transcript import Transcript

Script = Callable[[], AsyncGenerator[ChatNews]]
TRIES = 2  # before the first word; afterwards the learner would hear a beginning twice


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reply is made of; `move`: where it takes the learner in the lesson."""

    script: Script
    move: LessonMove | None = None


class Author:
    """Without a chat model every talk is a guided lesson."""

    def __init__(self, course: Course, chat: ChatModel | None) -> None:
        self._course = course
        self._chat = chat

    def guides(self, asked: Asked) -> bool:
        """Whether the lesson answers: it answers the conversation, and nothing that asks for more."""
        free = asked.aside or asked.entries is not None or asked.config.tool_choice not in ("auto", "none")
        return self._course.lesson is not None and not free

    def plan(self, asked: Asked, heard: Transcript | None, entries: Sequence[Entry]) -> Plan:
        """`heard`: what the learner said since the tutor spoke; None where recognition failed."""
        if self.guides(asked):
            move = self._course.plan(heard)
            return Plan(_line(move.line.text, prompt.token_limit(asked.config)), move)
        if self._chat is None:
            return Plan(_refuse)
        config = asked.config
        request = ChatRequest(
            prompt.messages(config.instructions, entries),
            prompt.tools(config) if config.tool_choice != "none" else (),
            prompt.tool_choice(config),
            prompt.token_limit(config),
        )
        return Plan(_chat(self._chat, request))


def _line(text: str, limit: int | None) -> Script:
    """A lesson's line; its words are its tokens."""

    async def script() -> AsyncGenerator[ChatNews]:
        words = text.split(" ")
        short = limit is not None and len(words) > limit
        yield " ".join(words[:limit])
        yield ChatEnded("length" if short else "stop")

    return script


async def _refuse() -> AsyncGenerator[ChatNews]:
    message = "this talk is a guided lesson; free answers need a chat server (--chat-url)"
    raise NoChatModel("chat", message)
    yield ""


class NoChatModel(EngineRefused):
    code = "no_chat_model"


def _chat(model: ChatModel, request: ChatRequest) -> Script:
    async def script() -> AsyncGenerator[ChatNews]:
        for left in reversed(range(TRIES)):
            written = False
            try:
                async with model.reply(request) as news:
                    async for one in news:
                        written = True
                        yield one
                return
            except EngineDown:
                if written or not left:
                    raise

    return script
