"""The report's text: tables of what was found, fit to be shown to anybody. Pure.

No key, no host but this machine's loopback, no path and no name of a person or a machine is in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from realtime.selftest.findings import (
    CLICKS,
    MUST,
    SHOULD,
    WORD_ERRORS,
    Answered,
    Reading,
    Saying,
    Turned,
    Verdict,
    by_mode,
    errors_by_mode,
    is_good,
)
from realtime.selftest.judge import LIMITS
from realtime.settings import Settings

SECRET = {"api_key", "api_keys"}
OF_NO_ENGINE = {"server", "limits"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class Findings:
    """`machine`: what it is, by name; `settings`: see `shown`; `expected`: the recogniser was told the
    sentences."""

    machine: dict[str, str]
    settings: dict[str, str]
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    sayings: list[Saying] = field(default_factory=list[Saying])
    readings: list[Reading] = field(default_factory=list[Reading])
    expected: bool = False
    answers: list[Answered] = field(default_factory=list[Answered])
    turn: Turned | None = None


def written(found: Findings, private: Sequence[str]) -> str:
    """Markdown; `private`: what must not stand in it, besides paths."""
    parts = [
        "# Self-test of the Atom tutor\n",
        "Passed." if is_good(found.verdicts) else "Not passed.",
        _table(("stage", "", "why"), [(v.stage, v.state, v.why) for v in found.verdicts]),
        "A stage that was not run is not passed. The voices in the WAV files are artificial.\n",
        *_speech(found),
        *_recognition(found),
        *_chat(found),
        *_turn(found),
        "## Machine\n",
        _table(("", ""), found.machine.items()),
        "## Settings\n",
        _table(("setting", "value"), found.settings.items()),
    ]
    return scrubbed("\n".join(parts) + "\n", private)


def file_of(saying: Saying, at: int) -> str:
    return f"{at:02d}-{saying.mode}.wav"


def shown(settings: Settings) -> dict[str, str]:
    """Those of the engines and the talk, without keys; of a path its last part, of a host if it is here."""
    named = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {
        f"{group}.{name}" if name else group: _harmless(value)
        for group, model in named.items()
        if group not in SECRET | OF_NO_ENGINE
        for name, value in _fields(model)
        if name not in SECRET
    }


def scrubbed(text: str, private: Sequence[str]) -> str:
    for word in sorted((word for word in private if len(word) > 2), key=len, reverse=True):
        text = text.replace(word, "(left out)")
    # A path of two parts or more; "and/or", a URL and a route of HTTP are none.
    return re.sub(r"(?<![\w:/.)])(?:~|[A-Za-z]:)?(?:[\\/](?!v1\b)[\w.@+~-]+){2,}", "(a path)", text)


def _speech(found: Findings) -> list[str]:
    if not found.sayings:
        return []
    rows: list[tuple[str, ...]] = []
    for mode, said in by_mode(found.sayings).items():
        heard = [one.measured for one in said if one.measured]
        if not heard:
            rows.append((mode, f"0 of {len(said)}", *[""] * 8))
            continue
        levels = [one.level_db for one in heard if one.level_db is not None]
        sounded = [one for one in said if one.measured]
        rows.append(
            (
                mode,
                f"{len(sounded)} of {len(said)}",
                f"{median(one.first_s for one in sounded) * 1000:.0f} ms",
                f"{median(one.real_time_factor for one in sounded):.3f}",
                f"{median(one.leading_ms for one in heard):.0f} ms",
                f"{min(levels):.1f} to {max(levels):.1f} dB" if levels else "silence",
                str(sum(len(one.joints) for one in heard)),
                str(sum(len(one.clicks) for one in heard)),
                _steps([step for one in heard for step in one.steps_db]),
                _steps([step for one in heard for step in one.elsewhere_db]),
            )
        )
    head = (
        "mode", "sounded", "first sound", "real-time factor", "silence before", "level", "joints", "clicks",
        "steps at joints", "steps elsewhere",
    )  # fmt: skip
    return [
        "## Speech\n",
        _table(head, rows),
        "Medians; the level is of the parts that speak, against full scale. A joint is where a piece of the "
        "stream was received, a click a jump of one sample, four times the steepest nearby, anywhere. Steps "
        "are changes of level from one 10 ms to the next, within 40 ms, the largest of 95 %: at joints they "
        "should be as elsewhere. Criteria: every sentence sounds, the real-time factor's median is below 1, "
        f"at most {CLICKS} clicks.\n",
        "![Waveforms and spectrograms, 0 to 12 kHz; a red line is a joint](clips.png)\n",
    ]  # fmt: skip


def _steps(steps: Sequence[float]) -> str:
    return f"{sorted(steps)[int(0.95 * (len(steps) - 1))]:.1f} dB" if steps else ""


def _recognition(found: Findings) -> list[str]:
    if not found.readings:
        return []
    told = (
        "The recogniser was told all the sentences beforehand, as pocketsphinx has to be: these word errors "
    )
    told = f"{told}say little of how clear the voice is. " if found.expected else ""
    modes = [(mode, f"{errors:.1%}") for mode, errors in errors_by_mode(found.readings).items()]
    rows = [
        (one.saying.mode, one.saying.text, one.heard or one.why, f"{one.errors:.0%}")
        for one in found.readings
    ]
    return [
        "## Recognition\n",
        _table(("mode", "word errors, mean"), modes),
        f"{told}Criterion: at most {WORD_ERRORS:.0%} in each mode.\n",
        _table(("mode", "said", "heard", "errors"), rows),
    ]


def _chat(found: Findings) -> list[str]:
    if not found.answers:
        return []
    judged = [one for answered in found.answers for one in answered.judged]
    names = dict.fromkeys((one.name, one.grade) for one in judged)
    rates = [
        (name, grade, _share([one.passed for one in judged if one.name == name]), LIMITS[name])
        for name, grade in names
    ]
    firsts = [one.first_s for one in found.answers if one.first_s]
    rows = [
        (
            one.probe.kind,
            one.probe.said,
            one.answer or one.why,
            "; ".join(f"{j.name}: {j.found}" if j.found else j.name for j in one.judged if not j.passed),
        )
        for one in found.answers
    ]
    return [
        "## Chat\n",
        _table(("judged", "grade", "passed", "what it is, and what it misses"), rates),
        f"Criteria: {MUST:.0%} of what an answer must be, {SHOULD:.0%} of what it should be. "
        f"First words after {median(firsts) * 1000:.0f} ms (median).\n" if firsts else "",
        _table(("kind", "learner", "answer", "failed"), rows),
    ]  # fmt: skip


def _turn(found: Findings) -> list[str]:
    turn = found.turn
    if turn is None:
        return []
    stages = [(stage, f"{ms} ms") for stage, ms in turn.stages.items()]
    return [
        "## A spoken turn\n",
        _table(("", ""), [("said", turn.said), ("heard", turn.heard), ("answer", turn.answer)]),
        _table(("stage", "after the learner's last word"), stages),
        "learner.wav, tutor.wav.\n",
    ]


def _share(passed: Sequence[bool]) -> str:
    return f"{sum(passed)} of {len(passed)} ({mean(passed):.0%})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def _fields(model: Any) -> list[tuple[str, Any]]:
    if not isinstance(model, BaseModel):
        return [("", model)]
    return [(name, getattr(model, name)) for name in type(model).model_fields]


def _harmless(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, Path):
        return f"(a folder) {value.name}"
    if isinstance(value, tuple):
        return f"({len(value)} given)" if value else "none"  # pyright: ignore[reportUnknownArgumentType]
    text = str(value)
    if "://" in text:
        return "on this machine" if urlsplit(text).hostname in LOOPBACK else "on another machine"
    return f"(a folder) {Path(text).name}" if text.startswith(("/", "~")) else text
