"""Opening hours, as a sign at the door says them: "Mo-Fr 09:00-18:00, Sa 10:00-14:00". Pure.

All is by the clock on the wall: where that is put forward or back, so are the hours.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY_MINUTES = 24 * 60
EXAMPLE = "Mo-Fr 09:00-18:00, Sa 10:00-14:00"

_SPAN = re.compile(
    r"(?:(?P<first>[A-Z][a-z])(?:-(?P<last>[A-Z][a-z]))? +)?"
    r"(?P<opens>\d\d?:\d\d)-(?P<closes>\d\d?:\d\d)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """On these days (Monday is 0) from one minute of the day to another, which may be the next day's."""

    days: frozenset[int]
    opens: int
    closes: int

    def covers(self, day: int, minute: int) -> bool:
        if self.opens < self.closes:
            return day in self.days and self.opens <= minute < self.closes
        since_yesterday = (day - 1) % 7 in self.days and minute < self.closes
        return since_yesterday or (day in self.days and self.opens <= minute)


@dataclass(frozen=True, slots=True)
class Opening:
    """When a closed door opens next: so many days from today, at that minute of the day."""

    days: int
    minute: int

    @property
    def clock(self) -> str:
        return f"{self.minute // 60:02}:{self.minute % 60:02}"


Hours = tuple[Span, ...]  # none: always open


def parse(text: str) -> Hours:
    """A part without days has those of the part before it, the first one every day. Raises ValueError."""
    spans: list[Span] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no opening time such as {EXAMPLE!r}")
        days = spans[-1].days if spans else frozenset(range(7))
        if found["first"]:
            days = _days(found["first"], found["last"] or found["first"])
        spans.append(_span(days, found["opens"], found["closes"]))
    return tuple(spans)


def is_open(hours: Hours, now: datetime) -> bool:
    """`now`: by the clock on the wall."""
    minute = now.hour * 60 + now.minute
    return not hours or any(span.covers(now.weekday(), minute) for span in hours)


def next_opening(hours: Hours, now: datetime) -> Opening | None:
    """None where there is nothing to wait for: it is open."""
    if is_open(hours, now):
        return None
    return min(
        (_next(span, now) for span in hours),
        key=lambda opening: (opening.days, opening.minute),
    )


def _next(span: Span, now: datetime) -> Opening:
    minute = now.hour * 60 + now.minute
    first = 0 if minute < span.opens else 1
    ahead = (days for days in range(first, 8) if (now + timedelta(days=days)).weekday() in span.days)
    return Opening(next(ahead), span.opens)


def _days(first: str, last: str) -> frozenset[int]:
    """A row of days may go over the weekend: "Sa-Mo"."""
    for name in (first, last):
        if name not in DAYS:
            raise ValueError(f"{name!r} is no day; the days are {' '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last)
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _span(days: frozenset[int], opens: str, closes: str) -> Span:
    begin, end = _minute(opens), _minute(closes)
    if begin in (DAY_MINUTES, end):
        raise ValueError(f"{opens}-{closes} is no time to be open in; a whole day is 00:00-24:00")
    return Span(days, begin, end)


def _minute(clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    if minute > 59 or hour * 60 + minute > DAY_MINUTES:
        raise ValueError(f"{clock} is no time of day")
    return hour * 60 + minute
