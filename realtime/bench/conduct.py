"""How a learner goes through the script: says, waits, is answered, interrupts. One step is one frame of the
microphone, so it needs no clock and no task of its own."""

from collections.abc import Callable, Generator, Sequence

from realtime.bench.diary import Diary, Gap, Reply, Said, Speech
from realtime.bench.hearing import Hearing
from realtime.bench.microphone import Microphone
from realtime.bench.script import Turn
from realtime.bench.speech import Repertoire, Saying, broken
from realtime.engines.protocols import VOICE_RATE

ANSWER_S = 10.0  # then there is none
MURMUR_S = 0.6  # after the tutor has begun
PATIENCE_S = 60.0  # with a tutor who does not end

Steps = Generator[None, None, None]


class Conduct:
    """`began_s`: when the microphone's first sample was caught."""

    def __init__(
        self,
        turns: Sequence[Turn],
        repertoire: Repertoire,
        microphone: Microphone,
        hearing: Hearing,
        diary: Diary,
        began_s: float,
    ) -> None:
        self._repertoire = repertoire
        self._microphone = microphone
        self._hearing = hearing
        self._diary = diary
        self.began_s = began_s
        self._now_s = began_s
        self._life = self._live(turns)

    def step(self, now_s: float) -> bool:
        """False: the talk is over."""
        self._now_s = now_s
        return next(self._life, self) is None

    def _live(self, turns: Sequence[Turn]) -> Steps:
        answer: Reply | None = None
        for turn in turns:
            if turn.over and answer and answer.first_s is not None:
                yield from self._until(answer.first_s + turn.wait_ms / 1000)
            over = self._hearing.player.sounding(self._now_s) if turn.over else None
            if over is None:
                yield from self._calm(turn.wait_ms)
            said = self._say("interruption" if over else "line", self._saying(turn, over), over)
            yield from self._until(said.end_s)
            yield from self._while(lambda said=said: self._answer(said) is None, ANSWER_S)
            answer = self._answer(said)
            said.unanswered = answer is None
            if turn.murmur and answer and answer.first_s is not None:
                yield from self._murmur(turn, answer.first_s)
        yield from self._calm(0)

    def _murmur(self, turn: Turn, first_s: float) -> Steps:
        yield from self._until(first_s + MURMUR_S)
        over = self._hearing.player.sounding(self._now_s)
        if over is None:
            return
        if turn.murmur == "cough":
            said = self._say("cough", Saying(self._repertoire.cough), over)
        elif turn.murmur == "backchannel" and self._repertoire.backchannel is not None:
            said = self._say("backchannel", Saying(self._repertoire.backchannel), over)
        else:
            return
        yield from self._until(said.end_s)

    # speaking

    def _saying(self, turn: Turn, over: Reply | None) -> Saying:
        sounds = self._repertoire.interruptions if over else self._repertoire.lines
        return broken(sounds[turn.line % len(sounds)], turn.gaps_ms)

    def _say(self, what: Speech, saying: Saying, over: Reply | None) -> Said:
        start = self._microphone.say(saying.sound)

        def at_s(sample: int) -> float:
            return self.began_s + (start + sample) / VOICE_RATE

        gaps = tuple(
            Gap(round((end - first) * 1000 / VOICE_RATE), at_s(first), at_s(end))
            for first, end in saying.gaps
        )
        said = Said(what, at_s(0), at_s(len(saying.sound)), gaps, over)
        self._diary.said.append(said)
        return said

    # waiting

    def _answer(self, said: Said) -> Reply | None:
        """What sounds after the end of what was said, though it may have begun before."""
        for reply in self._diary.replies:
            if reply.first_s is None or reply.first_s < said.start_s:
                continue
            if reply.first_s >= said.end_s or reply.sounds(self._now_s):
                return reply
        return None

    def _until(self, then_s: float) -> Steps:
        while self._now_s < then_s:
            yield

    def _while(self, holds: Callable[[], bool], most_s: float) -> Steps:
        last_s = self._now_s + most_s
        while holds() and self._now_s < last_s:
            yield

    def _calm(self, ms: int) -> Steps:
        """Until there has been calm for so long."""
        last_s, since_s = self._now_s + PATIENCE_S, self._now_s
        while self._now_s < last_s:
            if not self._hearing.is_calm(self._now_s):
                since_s = self._now_s
            elif self._now_s - since_s >= ms / 1000:
                return
            yield
