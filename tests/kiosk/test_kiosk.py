"""What the kiosk's page is told, what its health line says, and what is refused at the start."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from realtime.errors import SettingsError
from realtime.house import House
from realtime.kiosk import (
    PAGE,
    Beat,
    Kiosk,
    Order,
    OwnSlate,
    Seen,
    SharedSlate,
    Slate,
    check_languages,
    edition,
    health,
    lesson_for,
    seen,
    standing,
)
from realtime.settings import Kiosk as KioskSettings
from realtime.settings import Settings
from realtime.tutor.lessons import load_lessons

CLIENT = Path(__file__).parents[2] / "client_web"
SUNDAY = datetime(2026, 3, 29, 12, 0)
TUESDAY = datetime(2026, 3, 24, 12, 0)


def beat(state: str = "attract", visitors: int = 3, problem: str = "") -> Beat:
    return Beat.model_validate({"state": state, "visitors": visitors, "problem": problem})


def told(now: datetime = TUESDAY, quiet: bool = False, **settings: Any) -> dict[str, Any]:
    kiosk = KioskSettings.model_validate(settings)
    return standing(kiosk, "visit", "e1", now, quiet=quiet).model_dump()


def test_the_page_is_told_all_that_it_goes_by() -> None:
    assert told(hours="Mo-Fr 09:00-18:00", volume=0.5, idle_s=20, public_url="https://a.example/") == {
        "lesson": "visit",
        "language": "es",
        "languages": ("en", "es"),
        "open": True,
        "opens": "",
        "opens_in_days": 0,
        "opens_on": "",
        "volume": 0.5,
        "quiet": False,
        "mode": "open",
        "noisy": False,
        "idle_s": 20,
        "countdown_s": 10,
        "visit_s": 300,
        "epoch": "e1",
    }


def test_a_closed_kiosk_says_when_it_opens() -> None:
    def opens(now: datetime, hours: str) -> tuple[Any, ...]:
        closed = told(now, hours=hours)
        return closed["open"], closed["opens"], closed["opens_in_days"], closed["opens_on"]

    assert opens(SUNDAY, "Mo-Fr 09:00-18:00") == (False, "09:00", 1, "Mo")
    assert opens(TUESDAY, "Mo 09:00-18:00") == (False, "09:00", 6, "Mo")
    assert opens(TUESDAY, "Tu 16:30-18:00") == (False, "16:30", 0, "Tu")


def test_in_a_noisy_hall_the_button_is_held_whatever_else_is_set() -> None:
    assert told(noisy=True, mode="open")["mode"] == "push"
    assert told(mode="push")["noisy"] is False


# health


def line(last: Seen | None, now_s: float = 104, awaited: tuple[str, ...] = (), since_s: float = 0) -> str:
    found = health(KioskSettings(), last, awaited, now_s=now_s, since_s=since_s, sessions=1)
    assert found.well == found.line.startswith("OK ")
    return found.line


def heard(at_s: float = 100, since_s: float = 100, **said: Any) -> Seen:
    return Seen(beat=beat(**said), at_s=at_s, same_since_s=since_s)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (line(heard()), "OK page=attract seen=4s visitors=3 sessions=1 engines=ready"),
        (line(heard(state="closed")), "OK page=closed seen=4s visitors=3 sessions=1 engines=ready"),
        (line(None, now_s=44), "OK page=awaited sessions=1 engines=ready"),
        (line(None, now_s=46), "PROBLEM page not seen for 46s"),
        (line(heard(), now_s=145), "OK page=attract seen=45s visitors=3 sessions=1 engines=ready"),
        (line(heard(), now_s=195), "PROBLEM page not seen for 95s"),
        (line(heard(), awaited=("speech server",)), "PROBLEM engines not ready: speech server"),
        (
            line(heard(), now_s=195, awaited=("speech server", "chat server")),
            "PROBLEM page not seen for 95s; engines not ready: speech server, chat server",
        ),
        (line(heard(state="offline")), "PROBLEM told by the page (offline): no reason"),
        (
            line(heard(problem="the microphone\nis \x1b[1mmissing")),
            "PROBLEM told by the page (attract): the microphone is [1mmissing",
        ),
        (
            line(heard(state="visit", since_s=-351)),  # 300, 25, 10 and 120
            "OK page=visit seen=4s visitors=3 sessions=1 engines=ready",
        ),
        (line(heard(state="visit", since_s=-352)), "PROBLEM page stuck in visit for 456s"),
        (line(heard(state="farewell", since_s=-400)), "PROBLEM page stuck in farewell for 504s"),
        (line(heard(since_s=-9000)), "OK page=attract seen=4s visitors=3 sessions=1 engines=ready"),
    ],
)
def test_the_health_line(said: str, expected: str) -> None:
    assert said == expected


def test_only_what_a_fresh_browser_cures_is_said_of_the_page() -> None:
    lost, stuck = line(heard(), now_s=195), line(heard(state="visit", since_s=-900))
    others = line(heard(problem="no sound")), line(heard(), awaited=("speech server",))
    assert [said.startswith(PAGE) for said in (lost, stuck, *others)] == [True, True, False, False]


def test_a_state_lasts_from_its_first_beat() -> None:
    first = seen(None, beat("visit", 1), 10)
    later = seen(first, beat("visit", 1), 20)
    assert (later.at_s, later.same_since_s) == (20, 10)
    assert seen(later, beat("visit", 2), 30).same_since_s == 30  # another visitor
    assert seen(later, beat("attract", 1), 30).same_since_s == 30


def test_who_takes_long_to_be_asked_is_not_taken_for_stuck() -> None:
    slow = KioskSettings(idle_s=100, countdown_s=60)
    last = heard(state="visit", since_s=-470)
    assert health(slow, last, (), now_s=104, since_s=0, sessions=1).well
    assert not health(KioskSettings(), last, (), now_s=104, since_s=0, sessions=1).well


# beats and orders


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"state": "asleep", "visitors": 1},
        {"state": "visit"},
        {"state": "visit", "visitors": -1},
        {"state": "visit", "visitors": 2**60},
        {"state": "visit", "visitors": 1, "problem": "x" * 501},
        {"state": "visit", "visitors": 1, "problem": None},
    ],
)
def test_a_beat_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Beat.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong", [{}, {"reload": False}, {"relaod": True}, {"quiet": True, "volume": 1}, {"quiet": None}]
)
def test_an_order_that_orders_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Order.model_validate(wrong)


def kiosk_on(slate: Slate, uptime: list[float], edition: str = "e1") -> Kiosk:
    return Kiosk(KioskSettings(), "visit", edition, lambda: uptime[0], slate)


def test_an_ordered_reload_changes_the_epoch_once_and_each_time() -> None:
    kiosk = kiosk_on(OwnSlate(), [0])
    epochs = [kiosk.hear(beat()).epoch, kiosk.hear(beat()).epoch]
    epochs += [kiosk.obey(Order(reload=True)).epoch, kiosk.hear(beat()).epoch]
    epochs += [kiosk.obey(Order(reload=True)).epoch]
    assert epochs[0] == epochs[1] == "e1"
    assert epochs[2] == epochs[3]
    assert len(set(epochs)) == 3


def test_quiet_lasts_until_it_is_ended_and_reloads_nothing() -> None:
    kiosk = kiosk_on(OwnSlate(), [0])
    ordered = [kiosk.obey(Order(quiet=quiet)) for quiet in (True, False)]
    assert [(said.quiet, said.epoch) for said in ordered] == [(True, "e1"), (False, "e1")]
    kiosk.obey(Order(quiet=True))
    assert kiosk.hear(beat()).quiet


def test_workers_know_the_same_page_and_orders(tmp_path: Path) -> None:
    house = House(folder=tmp_path, workers=2)
    house.build()
    uptime = [10.0]
    first, second = (kiosk_on(SharedSlate(house.kiosk_folder), uptime) for _ in range(2))
    assert second.last is None
    first.hear(beat("visit", 7))
    uptime[0] = 14.0
    assert second.health((), 1).line == "OK page=visit seen=4s visitors=7 sessions=1 engines=ready"
    ordered = second.obey(Order(reload=True, quiet=True))
    assert first.hear(beat()) == ordered


def test_only_the_last_beat_is_kept() -> None:
    slate = OwnSlate()
    kiosk = kiosk_on(slate, [0])
    for number in range(100):
        kiosk.hear(beat("visit", number, problem=f"trouble {number}"))
    assert slate.get("seen") == kiosk.last.model_dump_json() if kiosk.last else False
    assert "trouble 98" not in repr(vars(slate))


# the start


def test_the_edition_changes_with_the_settings_and_with_the_pages_files(tmp_path: Path) -> None:
    (tmp_path / "kiosk.js").write_text("1")
    usual = edition(Settings(), tmp_path)
    assert edition(Settings(), tmp_path) == usual
    louder = edition(Settings(kiosk=KioskSettings(volume=0.9)), tmp_path)
    (tmp_path / "kiosk.js").write_text("2")
    assert len({usual, louder, edition(Settings(), tmp_path)}) == 3


def test_an_unknown_lesson_or_language_is_named() -> None:
    lessons = load_lessons()
    with pytest.raises(SettingsError, match="there is no lesson 'tea'; there are asking_the_way, cafe"):
        lesson_for(KioskSettings(lesson="tea"), lessons)
    with pytest.raises(SettingsError, match="the page has no 'fr'; it has en, es"):
        check_languages(KioskSettings(languages=("es", "fr")), CLIENT)
    check_languages(KioskSettings(), CLIENT)


def test_the_lesson_is_the_visitors_one_where_there_is_one() -> None:
    [first, *_] = lessons = load_lessons()
    without = {name: lesson for name, lesson in lessons.items() if name != "visit"}
    assert lesson_for(KioskSettings(), {**without, "visit": lessons[first]}) == "visit"
    assert lesson_for(KioskSettings(), without) == next(iter(without))
    assert lesson_for(KioskSettings(lesson="cafe"), lessons) == "cafe"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": "nine to five"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"volume": 1.1},
        {"volume": float("nan")},
        {"mode": "shout"},
        {"idle_s": 1},
        {"language": "fr"},
        {"languages": "en"},
        {"public_url": "atom.example"},
        {"public_url": "https://atom.example/#x"},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KioskSettings.model_validate(wrong)
