"""Endpointing for learners: how often they are cut off against how late they are answered.

Learners who hesitate are spoken by espeak-ng; the real voice activity and the real turn decide, in audio
time, from words as a recogniser would have delivered them. Beside our policy: fixed waits on the same sound.

python -m benchmarks.endpointing             # the development half, on which the policy was tuned
python -m benchmarks.endpointing --report    # the other half
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random

from benchmarks import hesitations, hesitations_held_out
from benchmarks.answers import Learner
from benchmarks.endpointing_plot import Curve, Point, png, svg
from benchmarks.hesitant_speech import Spoken, speak
from benchmarks.misheard import Recogniser, Style, delay_ms
from realtime.protocol.config import Config, Level, policy
from realtime.talk import endpoint
from realtime.talk.moves import (
    WINDOW_MS,
    CommitUtterance,
    Effect,
    Event,
    Recognised,
    ReplyPlayed,
    ReplySounded,
    Transcribe,
    Window,
)
from realtime.talk.transcript import Transcript
from realtime.talk.turn import Policy, Turn, advance

STYLES: tuple[Style, ...] = ("stops", "bare")
NAMED_MS = (300, 500, 700, 1000)
OURS_MS = (250, 300, 400, 500, 600, 700, 850, 1000)  # silence_duration_ms, of which 500 is the default
FIXED_MS = tuple(sorted({*range(160, 1600, 64), *NAMED_MS}))
SETTLED_MS = 700  # after an endpoint, until the last words that were asked for are there

PolicyOf = Callable[[Level], Policy]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one utterance: false endpoints in it, and how long after its end the true one came."""

    cuts: int
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class Talk:
    learner: Learner
    spoken: tuple[Spoken, ...]


def ours(silence_ms: int) -> PolicyOf:
    """As `tutor.v1` makes it: the learner's level is known. This corpus tells the end of speech at once."""
    detection = {"type": "server_vad", "silence_duration_ms": silence_ms}
    config = Config.model_validate({"audio": {"input": {"turn_detection": detection}}})
    return lambda level: replace(policy(config, tutor=True, level=level), late_ms=0)


def fixed(silence_ms: int) -> PolicyOf:
    plain = replace(ours(silence_ms)("A2"), attentive=False, endpoint_ms=silence_ms)
    return lambda _: plain


class Listener:
    """One learner's turn over their utterances, as a session would drive it."""

    def __init__(self, rules: Policy, recogniser: Recogniser, random: Random) -> None:
        self._rules, self._recogniser, self._random = rules, recogniser, random
        self._turn = Turn()
        self._coming: list[tuple[int, Recognised]] = []

    def hear(self, spoken: Spoken) -> Outcome:
        self._coming.clear()
        cuts, ended_ms = 0, None
        for n, speech in enumerate(spoken.windows, 1):
            now_ms, heard = n * WINDOW_MS, "speech" if speech else "silence"
            effects = [*self._news(now_ms, spoken), *self._take(Window(heard), now_ms, spoken)]
            if any(isinstance(effect, CommitUtterance) for effect in effects):
                cuts += now_ms < spoken.over_ms
                ended_ms = now_ms if now_ms >= spoken.over_ms else None
            if ended_ms is not None and now_ms >= ended_ms + SETTLED_MS:
                break
        for event in (ReplySounded(), ReplyPlayed()):
            self._turn, _ = advance(self._turn, event, self._rules)
        return Outcome(cuts, None if ended_ms is None else ended_ms - spoken.over_ms)

    def _news(self, now_ms: int, spoken: Spoken) -> Iterable[Effect]:
        due = [event for at_ms, event in self._coming if at_ms <= now_ms]
        self._coming = [one for one in self._coming if one[0] > now_ms]
        for event in due:
            yield from self._take(event, now_ms, spoken)

    def _take(self, event: Event, now_ms: int, spoken: Spoken) -> tuple[Effect, ...]:
        self._turn, effects = advance(self._turn, event, self._rules)
        for effect in effects:
            if isinstance(effect, Transcribe):
                over = now_ms >= spoken.over_ms
                heard = self._recogniser.hear(spoken.words, now_ms, over=over, random=self._random)
                news = recognised(effect, heard, spoken)
                self._coming.append((now_ms + delay_ms(self._random), news))
        return effects


def recognised(asked: Transcribe, heard: Transcript, spoken: Spoken) -> Recognised:
    answer = spoken.saying.answer
    ending = endpoint.ending(
        heard.words, expected=answer.expected, asked=answer.asked, on_script=heard.on_script
    )
    words = bool(heard.words)
    return Recognised(asked.revision, empty=not words, word=words, ending=ending if asked.whole else "open")


def listen(
    talks: Sequence[Talk], style: Style, policy_of: PolicyOf, vocabulary: tuple[str, ...]
) -> list[Outcome]:
    """The same errors are drawn for every policy as long as it asks for the same."""
    outcomes: list[Outcome] = []
    for n, talk in enumerate(talks):
        listener = Listener(policy_of(talk.learner.level), Recogniser(style, vocabulary), Random(n))
        outcomes += [listener.hear(spoken) for spoken in talk.spoken]
    return outcomes


def point(wait_ms: int, outcomes: Sequence[Outcome]) -> Point:
    delays = [one.delay_ms for one in outcomes if one.delay_ms is not None]
    cut = sum(one.cuts > 0 for one in outcomes) / len(outcomes)
    late = statistics.quantiles(delays, n=10)[-1]
    return Point(wait_ms, cut, statistics.median(delays), statistics.fmean(delays), late)


def curves(talks: Sequence[Talk]) -> dict[str, Curve]:
    """Fixed waits hear no words: theirs is the same with both recognisers."""
    words = tuple(word for talk in talks for one in talk.spoken for word in one.saying.answer.words)
    drawn: dict[str, Curve] = {
        "fixed": tuple(point(ms, listen(talks, "bare", fixed(ms), words)) for ms in FIXED_MS)
    }
    for style in STYLES:
        drawn[style] = tuple(point(ms, listen(talks, style, ours(ms), words)) for ms in OURS_MS)
    return drawn


@dataclass(frozen=True, slots=True)
class Gain:
    """Over fixed waits: the share of their cut-offs at the same median delay and at the same mean, and the
    median delay saved at the same cut-offs; None where no fixed wait is like it."""

    at_median: float | None
    at_mean: float | None
    saved_ms: float | None


def gain(one: Point, fixed_waits: Curve) -> Gain:
    median = between([(other.delay_ms, other.cut) for other in fixed_waits], one.delay_ms)
    mean = between([(other.mean_ms, other.cut) for other in fixed_waits], one.mean_ms)
    delay_ms = between([(other.cut, other.delay_ms) for other in reversed(fixed_waits)], one.cut)
    saved_ms = None if delay_ms is None else delay_ms - one.delay_ms
    return Gain(one.cut / median if median else None, one.cut / mean if mean else None, saved_ms)


def between(line: Sequence[tuple[float, float]], x: float) -> float | None:
    """y at x of a line whose x rises."""
    for (left, low), (right, high) in pairwise(line):
        if left <= x <= right:
            return low + (high - low) * (x - left) / (right - left) if right > left else low
    return None


def table(drawn: dict[str, Curve]) -> str:
    waits = drawn["fixed"]
    rows = [
        "| | wait | cut off | delay: median | mean | p90 "
        "| of a fixed wait's cut-offs at that median | at that mean | median delay saved at those cut-offs |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows += [_row("fixed", one, None) for one in waits if one.wait_ms in NAMED_MS]
    rows += [_row(style, one, gain(one, waits)) for style in STYLES for one in drawn[style]]
    return "\n".join(rows)


def _row(name: str, one: Point, gained: Gain | None) -> str:
    known = gained or Gain(None, None, None)
    shares = " | ".join("" if one is None else f"{one:.2f}" for one in (known.at_median, known.at_mean))
    saved = "" if known.saved_ms is None else f"{known.saved_ms:.0f} ms"
    delays = f"{one.delay_ms:.0f} ms | {one.mean_ms:.0f} ms | {one.late_ms:.0f} ms"
    return f"| {name} | {one.wait_ms} ms | {one.cut:.1%} | {delays} | {shares} | {saved} |"


def told(talks: Sequence[Talk]) -> str:
    """What the corpus is."""
    sayings = [one.saying for talk in talks for one in talk.spoken]
    pauses = [piece for saying in sayings for piece in saying.pieces[:-1]]
    whole = sum(piece.whole for piece in pauses) / len(pauses)
    lasting = statistics.quantiles([piece.pause_ms for piece in pauses], n=10)
    hesitant = sum(len(saying.pieces) > 1 for saying in sayings)
    return (
        f"{len(sayings)} utterances of {len(talks)} learners; {hesitant} with pauses, {len(pauses)} in all "
        f"({lasting[0]:.0f}, {lasting[4]:.0f}, {lasting[8]:.0f} ms: p10, median, p90); "
        f"{whole:.0%} of them where what was said would do as an answer"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--report", action="store_true", help="the half on which nothing was tuned")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--png", type=Path, help="draw the curves into this file; needs Chromium")
    options = parser.parse_args()
    learners = (hesitations_held_out if options.report else hesitations).learners()
    talks = [Talk(learner, speak(learner, n)) for n, learner in enumerate(learners)]
    print(told(talks), file=sys.stderr)
    drawn = curves(talks)
    if options.png:
        options.png.write_bytes(png(svg(drawn)))
    figures = {name: [one._asdict() for one in curve] for name, curve in drawn.items()}
    print(json.dumps(figures) if options.json else table(drawn))


if __name__ == "__main__":
    main()
