"""What the kiosk's page is told, what staff order, how well it is. Kept are the last beat and the orders."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realtime.errors import SettingsError
from realtime.hours import DAYS, Opening, next_opening, parse
from realtime.settings import Kiosk as KioskSettings
from realtime.settings import Settings
from realtime.tutor.lesson import Lesson
from realtime.wire.model import Wire

PAGE_FOLDER = Path(__file__).parents[1] / "client_web"
MOST_BYTES = 4096  # of a beat or an order
VISIT_LESSON = "visit"
# What a visit may last beyond its time, its idle time and its countdown: the tutor's last words (20 s) and
# the summary (60 s), as client_web/kiosk_state.js has them, and a beat that is late.
BEYOND_S = 120
PAGE = "PROBLEM page"  # such a line is cured by starting the browser anew, and no other

State = Literal["attract", "visit", "farewell", "offline", "closed"]
Mode = Literal["push", "open"]


class Beat(Wire):
    """The page says how it is, every ten seconds and when that changes."""

    state: State
    visitors: Annotated[int, Field(ge=0, le=2**53)]
    problem: Annotated[str, Field(max_length=500)] = ""


class Order(Wire):
    """Of staff: the page is to be loaded anew, or to be quiet."""

    model_config = ConfigDict(extra="forbid")

    reload: Literal[True] | None = None
    quiet: bool | None = None

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.reload is None and self.quiet is None:
            raise ValueError('an order is {"reload": true} or {"quiet": true} or {"quiet": false}')
        return self


class Standing(Wire):
    """All that the page goes by, told with each beat."""

    lesson: str
    language: str
    languages: tuple[str, ...]
    open: bool
    opens: str  # by the clock on the wall, "" while it is open
    opens_in_days: int  # 0: today
    opens_on: str  # the day of the week, as in the hours: "Mo"
    volume: float
    quiet: bool
    mode: Mode
    noisy: bool
    idle_s: float
    countdown_s: float
    visit_s: float
    epoch: str  # another one: the page is to be loaded anew


class Seen(BaseModel):
    """A beat, when it came, and since when the page has said the same; in seconds of the machine's uptime."""

    model_config = ConfigDict(frozen=True)

    beat: Beat
    at_s: float
    same_since_s: float


@dataclass(frozen=True, slots=True)
class Health:
    well: bool
    line: str


def standing(kiosk: KioskSettings, lesson: str, epoch: str, now: datetime, *, quiet: bool) -> Standing:
    """`now`: by the clock on the wall."""
    closed: Opening | None = next_opening(parse(kiosk.hours), now)
    return Standing(
        lesson=lesson,
        language=kiosk.language,
        languages=kiosk.languages,
        open=closed is None,
        opens=closed.clock if closed else "",
        opens_in_days=closed.days if closed else 0,
        opens_on=DAYS[(now.weekday() + closed.days) % 7] if closed else "",
        volume=kiosk.volume,
        quiet=quiet,
        mode="push" if kiosk.noisy else kiosk.mode,
        noisy=kiosk.noisy,
        idle_s=kiosk.idle_s,
        countdown_s=kiosk.countdown_s,
        visit_s=kiosk.visit_s,
        epoch=epoch,
    )


def seen(before: Seen | None, beat: Beat, now_s: float) -> Seen:
    same = before is not None and (before.beat.state, before.beat.visitors) == (beat.state, beat.visitors)
    return Seen(beat=beat, at_s=now_s, same_since_s=before.same_since_s if before and same else now_s)


def health(
    kiosk: KioskSettings,
    last: Seen | None,
    awaited: Sequence[str],
    *,
    now_s: float,
    since_s: float,
    sessions: int,
) -> Health:
    """`awaited`: engines that do not answer; `since_s`: when the server began to wait for a page."""
    problems = [*_of_page(kiosk, last, now_s, since_s)]
    problems += [f"engines not ready: {', '.join(awaited)}"] if awaited else []
    if problems:
        return Health(False, f"PROBLEM {'; '.join(problems)}")
    page = "page=awaited"
    if last:
        page = f"page={last.beat.state} seen={now_s - last.at_s:.0f}s visitors={last.beat.visitors}"
    return Health(True, f"OK {page} sessions={sessions} engines=ready")


def _of_page(kiosk: KioskSettings, last: Seen | None, now_s: float, since_s: float) -> list[str]:
    silent_s = now_s - (last.at_s if last else since_s)
    if silent_s > kiosk.lost_s:
        return [f"page not seen for {silent_s:.0f}s"]
    if last is None:
        return []
    same_s = now_s - last.same_since_s
    longest_s = kiosk.visit_s + kiosk.idle_s + kiosk.countdown_s + BEYOND_S
    if last.beat.state in ("visit", "farewell") and same_s > longest_s:
        return [f"page stuck in {last.beat.state} for {same_s:.0f}s"]
    said = " ".join("".join(sign if sign.isprintable() else " " for sign in last.beat.problem).split())
    if said or last.beat.state == "offline":
        return [f"told by the page ({last.beat.state}): {said or 'no reason'}"]
    return []


def edition(settings: Settings, page: Path) -> str:
    """Changes with what the kiosk is set to and with the page's own files, so that an update reaches it."""
    digest = hashlib.sha256(settings.kiosk.model_dump_json().encode())
    digest.update(settings.talk.model_dump_json().encode())
    for file in sorted(file for file in page.rglob("*") if file.is_file()):
        digest.update(str(file.relative_to(page)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def lesson_for(kiosk: KioskSettings, lessons: Mapping[str, Lesson]) -> str:
    """Raises SettingsError for one that there is not."""
    if kiosk.lesson is None:
        return VISIT_LESSON if VISIT_LESSON in lessons else next(iter(lessons))
    if kiosk.lesson not in lessons:
        known = ", ".join(sorted(lessons))
        raise SettingsError(f"TUTOR_KIOSK__LESSON: there is no lesson {kiosk.lesson!r}; there are {known}")
    return kiosk.lesson


def check_languages(kiosk: KioskSettings, page: Path) -> None:
    """Raises SettingsError for one that the page does not speak."""
    spoken = [entry["code"] for entry in json.loads((page / "messages" / "languages.json").read_text())]
    for language in kiosk.languages:
        if language not in spoken:
            message = f"TUTOR_KIOSK__LANGUAGES: the page has no {language!r}; it has {', '.join(spoken)}"
            raise SettingsError(message)


class Slate(Protocol):
    """What is kept between two requests, by name."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...


class OwnSlate:
    """Of this process."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._kept.get(name)

    def put(self, name: str, value: str) -> None:
        self._kept[name] = value


class SharedSlate:
    """Of all workers of a server: a file for each name, replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text()
        except FileNotFoundError:
            return None

    def put(self, name: str, value: str) -> None:
        draft = self._folder / f"{name}.{os.getpid()}"
        draft.write_text(value)
        draft.rename(self._folder / name)


class Kiosk:
    """What the routes ask. `uptime`: seconds that no change of the clock touches, the same to all workers."""

    def __init__(
        self, settings: KioskSettings, lesson: str, edition: str, uptime: Callable[[], float], slate: Slate
    ) -> None:
        self._settings = settings
        self._lesson = lesson
        self._edition = edition
        self._uptime = uptime
        self._slate = slate
        self._zone = ZoneInfo(settings.timezone) if settings.timezone else None
        self._since_s = uptime()

    @property
    def last(self) -> Seen | None:
        kept = self._slate.get("seen")
        return Seen.model_validate_json(kept) if kept else None

    @property
    def silent_s(self) -> float:
        """Since the page was heard of, or since the start."""
        last = self.last
        return self._uptime() - (last.at_s if last else self._since_s)

    def hear(self, beat: Beat) -> Standing:
        self._slate.put("seen", seen(self.last, beat, self._uptime()).model_dump_json())
        return self.standing()

    def obey(self, order: Order) -> Standing:
        if order.reload:
            self._slate.put("reload", secrets.token_hex(4))
        if order.quiet is not None:
            self._slate.put("quiet", "yes" if order.quiet else "")
        return self.standing()

    def standing(self) -> Standing:
        reloaded = self._slate.get("reload")
        epoch = f"{self._edition}-{reloaded}" if reloaded else self._edition
        quiet = bool(self._slate.get("quiet"))
        return standing(self._settings, self._lesson, epoch, datetime.now(self._zone), quiet=quiet)

    def health(self, awaited: Sequence[str], sessions: int) -> Health:
        return health(
            self._settings,
            self.last,
            awaited,
            now_s=self._uptime(),
            since_s=self._since_s,
            sessions=sessions,
        )
