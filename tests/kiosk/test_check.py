"""What `tutor kiosk check` finds: each judgement by facts, and the facts of a machine in a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.settings import Kiosk, Settings
from realtime.setup.kiosk_checkup import ask, look, policy, settings_of, sound_cards
from realtime.setup.kiosk_doctor import UNITS, Facts, Place, Served, findings, is_well
from realtime.setup.kiosk_units import POLICIES, SYSTEMD, Site, write_units

URL = "http://127.0.0.1:8000"
LINE = "OK page=attract seen=4s visitors=3 sessions=1 engines=ready"
STANDING = {
    "lesson": "visit",
    "language": "es",
    "languages": ["en", "es"],
    "volume": 0.8,
    "mode": "open",
    "noisy": False,
    "idle_s": 25.0,
    "countdown_s": 10.0,
    "visit_s": 300.0,
}
PLACE = Place(
    microphones=("USB Audio",),
    speakers=("USB Audio",),
    programs=frozenset(("chromium", "cage", "curl")),
    policy=Path("/etc/chromium/policies/managed/atom-kiosk.json"),
    units=frozenset(UNITS),
    zone="Europe/Madrid",
    now="Mon 09:00",
    synchronised=True,
)
SERVED = Served(URL, "", LINE, STANDING)
WELL = Facts(Path("kiosk.env"), Settings(), (), SERVED, PLACE)


def with_place(**changes: Any) -> Facts:
    return replace(WELL, place=replace(PLACE, **changes))


def with_served(**changes: Any) -> Facts:
    return replace(WELL, served=replace(SERVED, **changes))


def with_kiosk(**settings: Any) -> Facts:
    return replace(WELL, settings=Settings(kiosk=Kiosk(**settings)))


def test_a_kiosk_in_order_has_nothing_to_be_mended() -> None:
    found = findings(WELL)
    assert is_well(found)
    assert {finding.state for finding in found} == {"ok"}
    assert len(found) == 10


@pytest.mark.parametrize(
    ("facts", "subject", "said", "cure"),
    [
        (
            replace(WELL, settings=None, wrong=("TUTOR_X: no",)),
            "settings",
            "kiosk.env: TUTOR_X: no",
            "write --help",
        ),
        (with_place(microphones=()), "microphone", "have none", "arecord -l"),
        (with_place(speakers=()), "speakers", "have none", "aplay -l"),
        (with_place(programs=frozenset(("curl",))), "browser", "chromium, cage", "install chromium cage"),
        (with_place(policy=None), "policy", "gives the page the microphone", "tutor kiosk units /"),
        (with_place(units=frozenset(UNITS[1:])), "units", UNITS[0], f"enable --now {UNITS[0]}"),
        (
            replace(with_place(zone="UTC"), settings=with_kiosk(hours="09:00-18:00").settings),
            "clock",
            "by UTC",
            "set-timezone",
        ),
        (with_served(awaited=None), "server", "no answer", "journalctl"),
        (with_served(awaited="speech server"), "server", "waits for: speech server", "tutor doctor"),
        (with_served(line="PROBLEM page not seen for 95s"), "page", "95s", "restart atom-kiosk-page"),
        (with_served(line="OK page=awaited sessions=0 engines=ready"), "page", "awaited", "atom-kiosk-page"),
        (with_served(line="PROBLEM told by the page (visit): no sound"), "page", "no sound", "docs/kiosk.md"),
        (with_served(line=""), "page", "has no kiosk", "docs/kiosk.md"),
        (with_kiosk(volume=0.5, noisy=True), "in force", "volume, mode, noisy", "restart atom-kiosk"),
        (with_kiosk(lesson="cafe"), "in force", "lesson", "restart atom-kiosk"),
    ],
)
def test_each_fault_is_named_with_what_to_type(facts: Facts, subject: str, said: str, cure: str) -> None:
    wrong = [finding for finding in findings(facts) if finding.state == "wrong"]
    assert [finding.subject for finding in wrong] == [subject]
    assert said in wrong[0].said
    assert cure in wrong[0].cure


def test_hours_in_utc_are_right_where_the_timezone_is_set_besides() -> None:
    facts = replace(
        with_place(zone="UTC"), settings=Settings(kiosk=Kiosk(hours="09:00-18:00", timezone="Europe/Madrid"))
    )
    assert is_well(findings(facts))


def test_a_clock_that_nothing_sets_is_a_note() -> None:
    found = findings(with_place(synchronised=False))
    assert is_well(found)
    assert [finding.subject for finding in found if finding.state == "note"] == ["clock"]


def test_a_machine_is_looked_at(tmp_path: Path) -> None:
    for folder in ("proc/asound", "etc", "usr/share/zoneinfo/Europe", "run/systemd/timesync"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/asound/pcm").write_text(
        "00-03: HDMI 0 : HDMI 0 : playback 1\n01-00: USB Audio : USB Audio : playback 1 : capture 1\n"
    )
    (tmp_path / "usr/share/zoneinfo/Europe/Madrid").touch()
    (tmp_path / "etc/localtime").symlink_to(tmp_path / "usr/share/zoneinfo/Europe/Madrid")
    bare = look(tmp_path, URL)
    assert (bare.microphones, bare.speakers) == (("USB Audio",), ("HDMI 0", "USB Audio"))
    assert (bare.zone, bare.policy, bare.units, bare.synchronised) == (
        "Europe/Madrid",
        None,
        frozenset(),
        False,
    )
    write_units(tmp_path, Site())
    wants = tmp_path / SYSTEMD / "multi-user.target.wants"
    wants.mkdir()
    (wants / "atom-kiosk.service").symlink_to("../atom-kiosk.service")
    (tmp_path / "run/systemd/timesync/synchronized").touch()
    made = look(tmp_path, URL)
    assert made.policy == tmp_path / POLICIES / "atom-kiosk.json"
    assert look(tmp_path, "http://127.0.0.1:8001").policy is None  # the microphone is another server's
    assert (made.units, made.synchronised) == ({"atom-kiosk.service"}, True)


def test_a_machine_without_sound_cards_has_none(tmp_path: Path) -> None:
    assert sound_cards(tmp_path / "pcm") == ((), ())


def test_policies_that_cannot_be_read_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / "c.json").write_text(json.dumps({"AudioCaptureAllowedUrls": "x"}))
    assert policy(tmp_path, URL) is None
    (tmp_path / "d.json").write_text(json.dumps({"AudioCaptureAllowedUrls": [f"{URL}/"]}))
    assert policy(tmp_path, URL) == tmp_path / "d.json"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert settings_of(tmp_path / "none.env") == (None, ("cannot be read: No such file or directory",))
    (tmp_path / "bad.env").write_text("TUTOR_KIOSK__VOLUME=0.5\noops\n")
    assert settings_of(tmp_path / "bad.env")[1] == ("line 2 is neither NAME=VALUE nor a comment: 'oops'",)


def test_nobody_at_the_url_is_a_server_without_an_answer() -> None:
    assert ask("http://127.0.0.1:9", None).awaited is None
