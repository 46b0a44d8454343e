"""When the kiosk is open: by the clock on the wall, over midnight and weekends, when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.hours import is_open, next_opening, parse

MONDAY = datetime(2026, 3, 23)
WEEK = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def at(when: str) -> datetime:
    """ "Fr 09:30" in a week of its own."""
    day, clock = when.split()
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=WEEK.index(day), hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("hours", "when", "opens"),
    [
        ("", "Su 03:00", None),
        ("09:00-18:00", "Su 09:00", None),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Mo 09:00", None),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Mo 08:59", (0, "09:00")),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Mo 17:59", None),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Mo 18:00", (1, "09:00")),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Fr 18:00", (1, "10:00")),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Sa 14:00", (2, "09:00")),
        ("Mo-Fr 09:00-18:00, Sa 10:00-14:00", "Su 12:00", (1, "09:00")),
        ("Mo-Fr 09:00-12:00, 14:00-18:00", "We 13:00", (0, "14:00")),
        ("Mo-Fr 09:00-12:00, 14:00-18:00", "We 14:00", None),
        ("Mo-Fr 14:00-18:00, 09:00-12:00", "We 08:00", (0, "09:00")),
        ("Fr 20:00-02:00", "Sa 01:59", None),
        ("Fr 20:00-02:00", "Sa 02:00", (6, "20:00")),
        ("Fr 20:00-02:00", "Fr 01:00", (0, "20:00")),
        ("Su 22:00-06:00", "Mo 05:59", None),
        ("Sa-Mo 10:00-12:00", "Su 11:00", None),
        ("Sa-Mo 10:00-12:00", "Tu 11:00", (4, "10:00")),
        ("We 10:00-12:00", "We 12:00", (7, "10:00")),
        ("00:00-24:00", "Th 00:00", None),
        ("Mo 18:00-00:00", "Mo 23:59", None),
        ("Mo 18:00-00:00", "Tu 00:00", (6, "18:00")),
    ],
)
def test_the_table(hours: str, when: str, opens: tuple[int, str] | None) -> None:
    found = next_opening(parse(hours), at(when))
    assert (found and (found.days, found.clock)) == opens
    assert is_open(parse(hours), at(when)) == (opens is None)


@pytest.mark.parametrize(
    "wrong",
    [
        "9-18",
        "Mo-Fr",
        "Mo-Fr 09:00",
        "Mo-Xx 09:00-18:00",
        "mo 09:00-18:00",
        "Mo 25:00-26:00",
        "Mo 09:60-18:00",
        "Mo 09:00-09:00",
        "Mo 24:00-08:00",
        "Mo 09:00-24:01",
        "Mo 09:00-18:00; Tu 09:00-18:00",
        "Mo–Fr 09:00-18:00",
    ],
)
def test_what_is_no_sign_at_a_door_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is no|the days are"):
        parse(wrong)


@pytest.mark.parametrize(
    ("instant", "is_it"),
    [
        # Madrid: on 29 March 2026 the clocks go from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
        (datetime(2026, 3, 28, 8, 0, tzinfo=UTC), True),  # 09:00 on the wall
        (datetime(2026, 3, 28, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 7, 0, tzinfo=UTC), True),  # 09:00 on the wall, an hour sooner
        (datetime(2026, 3, 29, 6, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 8, 0, tzinfo=UTC), True),
    ],
)
def test_the_hours_move_with_the_clocks(instant: datetime, is_it: bool) -> None:
    assert is_open(parse("09:00-18:00"), instant.astimezone(ZoneInfo("Europe/Madrid"))) == is_it


def test_a_night_that_has_an_hour_less_closes_when_the_wall_says_so() -> None:
    night, madrid = parse("Sa 20:00-04:00"), ZoneInfo("Europe/Madrid")
    begins = datetime(2026, 3, 28, 19, 0, tzinfo=UTC)
    open_for = [is_open(night, (begins + timedelta(minutes=n)).astimezone(madrid)) for n in range(12 * 60)]
    assert sum(open_for) == 7 * 60
    assert open_for == sorted(open_for, reverse=True)


@given(
    st.lists(st.sampled_from(WEEK), min_size=1, max_size=3, unique=True),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.integers(0, 7 * 1440 - 1),
)
def test_a_closed_door_opens_exactly_when_it_says(days: list[str], opens: int, closes: int, now: int) -> None:
    if opens == closes:
        return
    text = ", ".join(
        f"{day} {opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}" for day in days
    )
    hours, wall = parse(text), MONDAY + timedelta(minutes=now)
    opening = next_opening(hours, wall)
    if opening is None:
        assert is_open(hours, wall)
        return
    midnight = wall.replace(hour=0, minute=0)
    then = midnight + timedelta(days=opening.days, minutes=opening.minute)
    assert then > wall
    assert is_open(hours, then)
    waited = int((then - wall).total_seconds()) // 60
    assert not any(is_open(hours, wall + timedelta(minutes=n)) for n in range(waited))
