"""Who writes the replies: the guided lesson, or the chat model."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from realtime.engines.protocols import ChatEnded, ChatNews
from realtime.errors import EngineDown, EngineError, EngineRefused, PromptTooLong
from realtime.protocol import prompt
from realtime.protocol.request import Asked
from realtime.session.course import Course, LessonMove
from realtime.session.recall import Recall, Topic
from realtime.talk.conversation import Entry
from realtime.talk.transcript import Transcript

Script = Callable[[], AsyncGenerator[ChatNews]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reply is made of; `move`: where it takes the learner in the lesson."""

    script: Script
    move: LessonMove | None = None


class Author:
    """Without a chat model every talk is a guided lesson. `spoken_tokens`: the limit of a spoken answer."""

    def __init__(self, course: Course, recall: Recall | None, spoken_tokens: int) -> None:
        self._course = course
        self._recall = recall
        self._spoken_tokens = spoken_tokens

    def guides(self, asked: Asked) -> bool:
        """Whether the lesson answers: it answers the conversation, and nothing that asks for more."""
        free = asked.aside or asked.entries is not None or asked.config.tool_choice not in ("auto", "none")
        return self._course.lesson is not None and not free

    def plan(self, asked: Asked, heard: Transcript | None, entries: Sequence[Entry]) -> Plan:
        """`heard`: what the learner said since the tutor spoke; None where recognition failed."""
        if self.guides(asked):
            move = self._course.plan(heard)
            return Plan(_line(move.line.text, prompt.token_limit(asked.config)), move)
        if self._recall is None:
            return Plan(_refuse)
        own = not asked.aside and asked.entries is None
        return Plan(_chat(self._recall, Topic(asked.config, tuple(entries), own, self._limit(asked))))

    def _limit(self, asked: Asked) -> int | None:
        """What the client names goes first. Text to read and function calls may be as long as they are."""
        config = asked.config
        named = prompt.token_limit(config)
        if named is not None or not config.spoken or config.tools:
            return named
        return self._spoken_tokens


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


def _chat(recall: Recall, topic: Topic) -> Script:
    """A server that is lost, or reads no prompt so long, is asked once more: before the first word, since
    afterwards the learner would hear a beginning twice."""

    async def script() -> AsyncGenerator[ChatNews]:
        await recall.begin(topic)
        worth_another_try: set[type[EngineError]] = {EngineDown, PromptTooLong}
        ended = False
        while not ended:
            request, written = recall.request(topic), False
            try:
                async with recall.model.reply(request) as news:
                    async for one in news:
                        written = True
                        if isinstance(one, ChatEnded):
                            recall.learn(request, one.usage)
                        yield one
                ended = True
            except (EngineDown, PromptTooLong) as error:
                if written or type(error) not in worth_another_try:
                    raise
                worth_another_try.remove(type(error))
                if isinstance(error, PromptTooLong):
                    recall.refused(request)
        recall.end(topic)

    return script
