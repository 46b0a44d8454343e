"""The words in which the turn is tested: a talk that is driven by events and asked what it did."""

from math import ceil
from typing import Self

from realtime.talk.endpoint import Ending
from realtime.talk.moves import (
    WINDOW_MS,
    Activity,
    Brought,
    Cleared,
    Committed,
    Effect,
    Event,
    Left,
    Recognised,
    Remainder,
    ReplyAsked,
    ReplyCancelled,
    ReplyPlayed,
    ReplySounded,
    Window,
)
from realtime.talk.turn import Phase, Policy, Turn, advance

GA = Policy()
TUTOR = Policy(graceful=True)
BY_HAND = Policy(detect=False)
ONSET_MS, DUCK_MS, LEAD_MS, EAGER_MS, GUESS_MS, ENDPOINT_MS = 64, 96, 64, 64, 96, 512  # in whole windows


class Talk:
    """`did` tells the effects since it was last asked."""

    def __init__(self, policy: Policy = GA) -> None:
        self.policy = policy
        self.turn = Turn()
        self._effects: list[Effect] = []

    @property
    def phase(self) -> Phase:
        return self.turn.phase

    def did(self, *expected: Effect) -> bool:
        """Whether exactly this was done since last asked; the assertion shows both where it was not."""
        done, self._effects = tuple(self._effects), []
        assert done == expected, f"did {done}, not {expected}"
        return True

    def on(self, event: Event) -> Self:
        self.turn, effects = advance(self.turn, event, self.policy)
        self._effects += effects
        return self

    def skip(self) -> Self:
        """What was done up to here is another test's business."""
        self._effects = []
        return self

    def speak(self, ms: int) -> Self:
        return self._windows(ms, "speech")

    def silence(self, ms: int) -> Self:
        return self._windows(ms, "silence")

    def rustle(self, ms: int) -> Self:
        """Sound of somebody that is no speech."""
        return self._windows(ms, "sound")

    def hiss(self, ms: int) -> Self:
        return self._windows(ms, "hiss")

    def remainder(self, ms: int) -> Self:
        return self.on(Remainder(ms))

    def recognised(
        self,
        *,
        empty: bool = False,
        word: bool = False,
        revision: int | None = None,
        ending: Ending = "open",
        guess: bool = False,
        guessed: bool = False,
    ) -> Self:
        """The newest recognition has ended, or an older one."""
        newest = revision or self.turn.revision
        return self.on(Recognised(newest, empty, word, ending=ending, guess=guess, guessed=guessed))

    def commit(self) -> Self:
        return self.on(Committed())

    def bring(self, revision: int) -> Self:
        return self.on(Brought(revision))

    def clear(self) -> Self:
        return self.on(Cleared())

    def ask(self) -> Self:
        return self.on(ReplyAsked())

    def cancel(self) -> Self:
        return self.on(ReplyCancelled())

    def leave(self) -> Self:
        return self.on(Left())

    def sounded(self) -> Self:
        return self.on(ReplySounded())

    def played(self) -> Self:
        return self.on(ReplyPlayed())

    def _windows(self, ms: int, heard: Activity) -> Self:
        for _ in range(ceil(ms / WINDOW_MS)):
            self.on(Window(heard))
        return self


# Talks that have come as far as their name says.


def hearing(policy: Policy = GA) -> Talk:
    return Talk(policy).speak(1000).skip()


def pausing(policy: Policy = GA) -> Talk:
    return hearing(policy).silence(EAGER_MS).skip()


def waiting(policy: Policy = GA) -> Talk:
    """The utterance is committed, its recognition is under way."""
    return hearing(policy).silence(ENDPOINT_MS).skip()


def thinking(policy: Policy = GA) -> Talk:
    return waiting(policy).recognised().skip()


def speaking(policy: Policy = GA) -> Talk:
    return thinking(policy).sounded().skip()


def ducking(policy: Policy = TUTOR) -> Talk:
    return speaking(policy).speak(128).skip()
