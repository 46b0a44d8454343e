"""What is wrong with a kiosk, and what to type: facts in, findings out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.settings import Settings
from realtime.setup.doctor import Finding


@dataclass(frozen=True, slots=True)
class Served:
    """What the running server says. `standing`: what its page goes by, None where a key is wanted for it."""

    url: str
    awaited: str | None = None  # what it waits for; "" when it is ready, None where it does not answer
    line: str = ""
    standing: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The machine. `zone`: of its clock; `microphones`, `speakers`: by the names that ALSA gives them."""

    microphones: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()
    policy: Path | None = None  # the file by which Chromium gives the page the microphone
    units: frozenset[str] = frozenset()  # those of the kiosk that start with the machine
    zone: str = "UTC"
    now: str = ""
    synchronised: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """`settings` is None where `wrong` says why."""

    file: Path | None
    settings: Settings | None
    wrong: tuple[str, ...] = ()
    served: Served | None = None
    place: Place | None = None


PROGRAMS = {"chromium": "chromium", "cage": "cage", "curl": "curl"}  # and Debian's package of each
UNITS = ("atom-kiosk.service", "atom-kiosk-page.service", "atom-kiosk-watch.timer", "atom-kiosk-update.timer")


def findings(facts: Facts) -> list[Finding]:
    """In the order in which they are best mended."""
    found = [*_file(facts)]
    if facts.place:
        found += [*_sound(facts.place), *_programs(facts.place), *_units(facts.place)]
        found += [*_clock(facts.place, facts.settings)]
    if facts.served:
        found += [*_server(facts.served, facts.settings)]
    return found


def _file(facts: Facts) -> Iterator[Finding]:
    named = str(facts.file or "the environment")
    for wrong in facts.wrong:
        yield Finding(
            "settings", "wrong", f"{named}: {wrong}", "tutor kiosk write --help names what can be set"
        )
    if facts.settings and not facts.wrong:
        kiosk = facts.settings.kiosk
        yield Finding(
            "settings", "ok", f"{named}: open {kiosk.hours or 'always'}, {kiosk.language}, {kiosk.mode}"
        )


def _sound(place: Place) -> Iterator[Finding]:
    for subject, there, cure in (
        ("microphone", place.microphones, "plug it in; arecord -l lists what there is (package alsa-utils)"),
        ("speakers", place.speakers, "plug them in; aplay -l lists what there is (package alsa-utils)"),
    ):
        if there:
            yield Finding(subject, "ok", ", ".join(there))
        else:
            yield Finding(subject, "wrong", "this machine's sound cards have none", cure)


def _programs(place: Place) -> Iterator[Finding]:
    missing = [package for name, package in PROGRAMS.items() if name not in place.programs]
    if missing:
        cure = f"sudo apt-get install {' '.join(missing)}"
        yield Finding("browser", "wrong", f"not installed: {', '.join(missing)}", cure)
    else:
        yield Finding("browser", "ok", f"{', '.join(PROGRAMS)} are installed")


def _units(place: Place) -> Iterator[Finding]:
    if place.policy:
        yield Finding("policy", "ok", f"{place.policy} gives the page the microphone")
    else:
        said = "no policy of Chromium's gives the page the microphone"
        yield Finding("policy", "wrong", said, "sudo tutor kiosk units /")
    missing = [name for name in UNITS if name not in place.units]
    if missing:
        cure = f"sudo tutor kiosk units /, then sudo systemctl enable --now {' '.join(missing)}"
        yield Finding("units", "wrong", f"not started with the machine: {', '.join(missing)}", cure)
    else:
        yield Finding("units", "ok", "they start with the machine")


def _clock(place: Place, settings: Settings | None) -> Iterator[Finding]:
    hours = settings.kiosk.hours if settings else ""
    own = settings.kiosk.timezone if settings else ""
    if hours and not own and place.zone in ("UTC", "Etc/UTC"):
        said = f"it is {place.now} by UTC, and the hours are by that"
        yield Finding("clock", "wrong", said, "sudo timedatectl set-timezone Europe/Madrid, or --timezone")
    else:
        yield Finding("clock", "ok", f"it is {place.now} ({own or place.zone})")
    if not place.synchronised:
        said = "nothing sets the clock by the network"
        yield Finding("clock", "note", said, "sudo apt-get install systemd-timesyncd")


def _server(served: Served, settings: Settings | None) -> Iterator[Finding]:
    if served.awaited is None:
        cure = "journalctl -u atom-kiosk -n 50; sudo systemctl restart atom-kiosk"
        yield Finding("server", "wrong", f"no answer from {served.url}", cure)
        return
    if served.awaited:
        yield Finding("server", "wrong", f"it waits for: {served.awaited}", "tutor doctor says what is wrong")
    else:
        yield Finding("server", "ok", f"ready at {served.url}")
    if served.line.startswith("OK page=awaited") or "page not seen" in served.line:
        cure = "sudo systemctl restart atom-kiosk-page; journalctl -u atom-kiosk-page -n 50"
        yield Finding("page", "wrong", served.line, cure)
    elif not served.line.startswith("OK "):
        yield Finding(
            "page", "wrong", served.line or "this server has no kiosk", "docs/kiosk.md says what it means"
        )
    else:
        yield Finding("page", "ok", served.line)
    yield from _in_force(served.standing, settings)


def _in_force(standing: dict[str, Any] | None, settings: Settings | None) -> Iterator[Finding]:
    if standing is None or settings is None:
        return
    kiosk = settings.kiosk
    wanted = {
        "language": kiosk.language,
        "languages": list(kiosk.languages),
        "volume": kiosk.volume,
        "mode": "push" if kiosk.noisy else kiosk.mode,
        "noisy": kiosk.noisy,
        "idle_s": kiosk.idle_s,
        "countdown_s": kiosk.countdown_s,
        "visit_s": kiosk.visit_s,
    } | ({"lesson": kiosk.lesson} if kiosk.lesson else {})
    other = [name for name, value in wanted.items() if standing.get(name) != value]
    if other:
        said = f"the server runs with another {', '.join(other)}"
        yield Finding("in force", "wrong", said, "sudo systemctl restart atom-kiosk")
    else:
        yield Finding("in force", "ok", "the server runs with these settings")


def is_well(found: Sequence[Finding]) -> bool:
    return not any(finding.state == "wrong" for finding in found)
