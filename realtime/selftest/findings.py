"""What each stage of the self-test found, and whether that is good enough. Pure: values in, a verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Literal

from realtime.selftest.judge import Judgement, Probe
from realtime.selftest.sound import Heard, Sound

WORD_ERRORS = 0.25  # mean, of each mode
CLICKS = 0
MUST = 0.95  # of all judgements of that grade
SHOULD = 0.8

State = Literal["passed", "failed", "not run"]


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence in one mode. `why`: what went wrong instead of sound."""

    mode: str
    text: str
    sound: Sound
    cuts: tuple[int, ...] = ()
    first_s: float = 0.0
    whole_s: float = 0.0
    measured: Heard | None = None
    why: str = ""

    @property
    def real_time_factor(self) -> float:
        return self.whole_s / self.measured.seconds if self.measured else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recogniser made of a saying; `errors`: words wrong for each word said."""

    saying: Saying
    heard: str
    errors: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """`first_s`: to the first piece of the answer."""

    probe: Probe
    answer: str
    judged: tuple[Judgement, ...]
    first_s: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """One spoken turn through the gateway. `stages`: ms after the learner's last word."""

    said: str
    learner: Sound
    heard: str
    answer: str
    tutor: Sound
    stages: dict[str, int]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a stage; `why`: the criterion that it missed, or the reason why it was not run."""

    stage: str
    state: State
    why: str


def speech_verdict(sayings: Sequence[Saying]) -> Verdict:
    silent = [said for said in sayings if said.measured is None or said.measured.level_db is None]
    if silent:
        return _failed("speech", f"{len(silent)} of {len(sayings)} sentences made no sound: {silent[0].why}")
    for mode, said in by_mode(sayings).items():
        if (factor := median(one.real_time_factor for one in said)) >= 1:
            return _failed(
                "speech", f"{mode}: real-time factor {factor:.2f}, too slow to talk with (below 1)"
            )
        if (clicks := sum(len(one.measured.clicks) for one in said if one.measured)) > CLICKS:
            return _failed("speech", f"{mode}: {clicks} clicks (at most {CLICKS})")
    return Verdict("speech", "passed", "all sentences sound, faster than real time, without clicks")


def recognition_verdict(readings: Sequence[Reading]) -> Verdict:
    lost = [one for one in readings if one.why]
    if lost:
        return _failed("recognition", f"{len(lost)} of {len(readings)} clips were not read: {lost[0].why}")
    for mode, errors in errors_by_mode(readings).items():
        if errors > WORD_ERRORS:
            return _failed("recognition", f"{mode}: {errors:.0%} word errors (at most {WORD_ERRORS:.0%})")
    return Verdict("recognition", "passed", f"at most {WORD_ERRORS:.0%} word errors in each mode")


def chat_verdict(answers: Sequence[Answered]) -> Verdict:
    lost = [one for one in answers if one.why]
    if lost:
        return _failed("chat", f"{len(lost)} of {len(answers)} probes got no answer: {lost[0].why}")
    for grade, least in (("must", MUST), ("should", SHOULD)):
        judged = [one.passed for answered in answers for one in answered.judged if one.grade == grade]
        share = mean(judged) if judged else 1.0
        if share < least:
            return _failed("chat", f"{share:.0%} of what it {grade} do was done (at least {least:.0%})")
    return Verdict("chat", "passed", f"{MUST:.0%} of what it must do and {SHOULD:.0%} of what it should do")


def turn_verdict(turn: Turned) -> Verdict:
    if turn.why:
        return _failed("turn", turn.why)
    lacking = [name for name in ("heard", "answer") if not getattr(turn, name)]
    lacking += [] if turn.tutor.any() else ["sound"]
    lacking += [] if turn.stages else ["stages"]
    if lacking:
        return _failed("turn", f"nothing came for: {', '.join(lacking)}")
    return Verdict("turn", "passed", "heard, answered and spoken")


def not_run(stage: str, why: str) -> Verdict:
    return Verdict(stage, "not run", why)


def is_good(verdicts: Sequence[Verdict]) -> bool:
    """Nothing failed, and something was tried: what was not run neither passes nor fails."""
    states = [verdict.state for verdict in verdicts]
    return "failed" not in states and "passed" in states


def by_mode(sayings: Sequence[Saying]) -> dict[str, list[Saying]]:
    modes = dict.fromkeys(said.mode for said in sayings)
    return {mode: [said for said in sayings if said.mode == mode] for mode in modes}


def errors_by_mode(readings: Sequence[Reading]) -> dict[str, float]:
    modes = dict.fromkeys(one.saying.mode for one in readings)
    return {mode: mean(one.errors for one in readings if one.saying.mode == mode) for mode in modes}


def _failed(stage: str, why: str) -> Verdict:
    return Verdict(stage, "failed", why)
