"""The figures of a bench: medians and tails, as a table and for programs. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from realtime.bench.judge import Findings, Tally

LATE_MS = 10.0  # of the learners' own frames but one in a hundred: then the figures are partly their own


@dataclass(frozen=True, slots=True)
class Spread:
    """`p95`, `p99`: the value that 95, 99 of a hundred do not exceed; of a few values that is the largest."""

    n: int
    median: float
    p95: float
    p99: float


def spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(len(values), statistics.median(values), percentile(values, 95), percentile(values, 99))


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest rank: one of the values, none in between."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def delays(found: Findings) -> dict[str, list[float]]:
    """In ms, by what is shown of them."""
    return {
        "voice-to-voice, first audio": found.voice,
        "voice-to-voice, first audible sound": found.loud,
        "barge-in, tutor quieter": found.duck,
        "barge-in, tutor silent": found.cut,
        "underrun inside a clip": found.dry,
        "silence between two clips": found.pauses,
        "the learners' own frames late": found.late,
    }


def counts(found: Findings) -> dict[str, Tally]:
    pauses = {f"cut off in a pause of {ms} ms": tally for ms, tally in sorted(found.cut_off.items())}
    false = {f"silenced by a {what}": tally for what, tally in sorted(found.false_cut.items())}
    return {
        **pauses,
        "turn ended before any pause": found.early,
        "interruptions missed": found.missed,
        **false,
        "turns without an answer": found.unanswered,
    }


def totals(found: Findings) -> dict[str, int]:
    return {
        "pauses that the tutor spoke into": found.spoken_into,
        "silenced while nobody spoke": found.unprovoked,
        "errors": len(found.errors),
        "refused connections": len(found.refused),
        "broken connections": len(found.broken),
    }


def table(found: Findings) -> str:
    lines = ["| | n | median | p95 | p99 |", "| --- | --- | --- | --- | --- |"]
    for name, values in delays(found).items():
        of = spread(values)
        shown = f"{of.n} | {of.median:.0f} ms | {of.p95:.0f} ms | {of.p99:.0f} ms" if of else "0 | - | - | -"
        lines.append(f"| {name} | {shown} |")
    lines += ["", "| | |", "| --- | --- |"]
    lines.append(f"| turns spoken | {found.spoken.count} of {found.spoken.of} planned |")
    lines += [f"| {name} | {_shown(tally)} |" for name, tally in counts(found).items()]
    lines += [f"| {name} | {count} |" for name, count in totals(found).items()]
    lines += ["", f"{found.audio_s:.0f} s of the tutor's voice. {MEASURED}", *_doubts(found)]
    lines += [f"- {why}" for why in _told(found)]
    return "\n".join(lines)


MEASURED = (
    "All of it was measured where the learners are, with their clock: their microphones, their players, "
    "the network and the server together."
)


def for_programs(found: Findings) -> dict[str, Any]:
    return {
        "delays_ms": {name: _told_of(values) for name, values in delays(found).items() if values},
        "counts": {name: {"count": tally.count, "of": tally.of} for name, tally in counts(found).items()},
        "totals": totals(found),
        "turns": {"spoken": found.spoken.count, "planned": found.spoken.of},
        "audio_s": round(found.audio_s, 1),
        "measured": "by the clients",
        "valid": not _doubts(found),
        "told": _told(found),
    }


def _told_of(values: Sequence[float]) -> dict[str, Any]:
    rounded = [round(value, 1) for value in values]
    of = spread(rounded)
    return {**(asdict(of) if of else {}), "values": rounded}


def _shown(tally: Tally) -> str:
    return f"{tally.count} of {tally.of}" if tally.of else "not tried"


def _doubts(found: Findings) -> list[str]:
    late = percentile(found.late, 99) if found.late else 0.0
    if late <= LATE_MS:
        return []
    return [f"The learners themselves were late ({late:.0f} ms): take fewer, or another machine for them."]


def _told(found: Findings) -> list[str]:
    """What went wrong, each kind once."""
    kinds = {"error": found.errors, "refused": found.refused, "broken": found.broken}
    return [
        f"{kind} ({whys.count(why)}): {why}" for kind, whys in kinds.items() for why in dict.fromkeys(whys)
    ]
