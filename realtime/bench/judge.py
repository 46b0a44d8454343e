"""What diaries come to: which delays, how often cut off, missed, wrongly silenced. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from realtime.bench.diary import Diary, Gap, Reply, Said

TRIED_S = 1.0  # a reply that ends of itself sooner could not be interrupted
AFTER_S = 3.0  # what a server does so long after speech may be for its sake


@dataclass(slots=True)
class Tally:
    count: int = 0
    of: int = 0

    def add(self, hit: bool) -> None:
        self.count += hit
        self.of += 1


@dataclass(slots=True)
class Findings:
    """Times in ms. `voice` and `loud`: from the end of speech to the first audio and the first sound; `duck`
    and `cut`: from the onset of an interruption; `dry`: the player ran dry inside a clip,
    `pauses`: between two.

    `cut_off`: by the length of the pause; `spoken_into`: in how many of them the tutor's voice came; `early`:
    turns ended where there was no pause. `false_cut`: by what was uttered. `unprovoked`: cuts while nobody
    spoke.
    """

    voice: list[float] = field(default_factory=list[float])
    loud: list[float] = field(default_factory=list[float])
    duck: list[float] = field(default_factory=list[float])
    cut: list[float] = field(default_factory=list[float])
    dry: list[float] = field(default_factory=list[float])
    pauses: list[float] = field(default_factory=list[float])
    cut_off: dict[int, Tally] = field(default_factory=dict[int, Tally])
    spoken_into: int = 0
    early: Tally = field(default_factory=Tally)
    missed: Tally = field(default_factory=Tally)
    false_cut: dict[str, Tally] = field(default_factory=dict[str, Tally])
    unprovoked: int = 0
    unanswered: Tally = field(default_factory=Tally)
    spoken: Tally = field(default_factory=Tally)  # turns, of those planned
    audio_s: float = 0.0
    errors: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    late: list[float] = field(default_factory=list[float])


def judge(diaries: Iterable[Diary]) -> Findings:
    found = Findings()
    for diary in diaries:
        _judge(diary, found)
    return found


def _judge(diary: Diary, found: Findings) -> None:
    turns = [said for said in diary.said if said.what in ("line", "interruption")]
    found.spoken.count += len(turns)
    found.spoken.of += diary.planned
    for number, said in enumerate(turns):
        next_s = turns[number + 1].start_s if number + 1 < len(turns) else float("inf")
        _delay(said, next_s, diary, found)
        _cut_offs(said, diary, found)
        if said.over is not None and not _is_void(said, said.over):
            _interruption(said, said.over, diary, found)
    for said in diary.said:
        if said.what in ("backchannel", "cough") and said.over is not None and not _is_void(said, said.over):
            tally = found.false_cut.setdefault(said.what, Tally())
            tally.add(_silenced_by(said, said.over, diary.said))
    found.unprovoked += sum(not _provoked(reply, diary.said) for reply in diary.replies)
    for reply in diary.replies:
        found.dry += [hole.ms for hole in reply.holes if hole.inside]
        found.pauses += [hole.ms for hole in reply.holes if not hole.inside]
        found.audio_s += reply.got_s
    found.errors += diary.errors
    found.refused += [diary.refused] if diary.refused else []
    found.broken += [diary.broken] if diary.broken else []
    found.late += diary.late_ms


def _delay(said: Said, next_s: float, diary: Diary, found: Findings) -> None:
    """A turn at whose end the tutor speaks already has no delay; a talk that ended first tells nothing."""
    begun = [(reply.first_s, reply) for reply in diary.replies if reply.first_s is not None]
    talked_over = any(said.start_s <= at_s < said.end_s < reply.over_s for at_s, reply in begun)
    answers = [(at_s, reply) for at_s, reply in begun if said.end_s <= at_s < next_s]
    if said.unanswered or answers or talked_over:
        found.unanswered.add(said.unanswered)
    if not answers or talked_over:
        return
    first_s, answer = answers[0]
    found.voice.append((first_s - said.end_s) * 1000)
    if answer.loud_s is not None:
        found.loud.append((answer.loud_s - said.end_s) * 1000)


def _cut_offs(said: Said, diary: Diary, found: Findings) -> None:
    """Counted by when the news came: a learner who has gone on by then has been cut off all the same."""
    starts = [*(gap.start_s for gap in said.gaps), said.end_s]
    ended = sorted(diary.ended_s.values())
    found.early.add(any(said.start_s <= at_s < starts[0] for at_s in ended))
    for number, gap in enumerate(said.gaps):
        until_s = starts[number + 1]
        spoken_into = any(_began(reply, gap, until_s) for reply in diary.replies if reply is not said.over)
        hit = any(gap.start_s <= at_s < until_s for at_s in ended) or spoken_into
        found.cut_off.setdefault(gap.ms, Tally()).add(hit)
        found.spoken_into += spoken_into


def _began(reply: Reply, gap: Gap, until_s: float) -> bool:
    return reply.first_s is not None and gap.start_s <= reply.first_s < until_s


def _interruption(said: Said, over: Reply, diary: Diary, found: Findings) -> None:
    found.missed.add(over.cut_s is None)
    duck_s = next((at_s for at_s in diary.ducks_s if said.start_s <= at_s <= over.over_s), None)
    if duck_s is not None:
        found.duck.append((duck_s - said.start_s) * 1000)
    if over.cut_s is not None:
        found.cut.append((over.cut_s - said.start_s) * 1000)


def _is_void(said: Said, over: Reply) -> bool:
    """The reply was at its end anyway, or the talk was."""
    return over.cut_s is None and (not over.done or over.ends_s - said.start_s < TRIED_S)


def _silenced_by(said: Said, over: Reply, all_said: list[Said]) -> bool:
    next_s = min((other.start_s for other in all_said if other.start_s > said.start_s), default=float("inf"))
    return over.cut_s is not None and said.start_s <= over.cut_s < next_s


def _provoked(reply: Reply, all_said: list[Said]) -> bool:
    if reply.cut_s is None:
        return True
    return any(said.start_s <= reply.cut_s <= said.end_s + AFTER_S for said in all_said)
