"""The flags of `tutor kiosk`."""

import argparse
from pathlib import Path

ON_OFF = argparse.BooleanOptionalAction


def add_kiosk(kiosk: argparse.ArgumentParser) -> None:
    actions = kiosk.add_subparsers(dest="action", required=True, metavar="action")
    _add_write(actions.add_parser("write", help="write its settings into a file for systemd"))
    check = actions.add_parser("check", help="what is wrong with it, and what to type")
    check.add_argument("file", nargs="?", type=Path, help="its settings (default: the environment)")
    _add_units(actions.add_parser("units", help="write the files that start it with the machine"))
    health = actions.add_parser("health", help="its health line; the exit status is 1 where it is not well")
    reload_ = actions.add_parser("reload", help="have its page loaded anew, when no visitor is there")
    quiet = actions.add_parser("quiet", help="a quarter of the volume, and no motion")
    quiet.add_argument("how", choices=("on", "off"))
    for parser in (check, health, reload_, quiet):
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the server (%(default)s)")
        parser.add_argument("--key", help="that server's API key (default: TUTOR_API_KEY)")


def _add_write(write: argparse.ArgumentParser) -> None:
    write.add_argument("file", type=Path, help="what is not named by a flag stays as it is in there")
    write.add_argument("--hours", help='such as "Mo-Fr 09:00-18:00, Sa 10:00-14:00"; "": always open')
    write.add_argument("--timezone", help="of the hours, such as Europe/Madrid (default: the machine's)")
    write.add_argument("--lesson", help="what a visitor is led through")
    write.add_argument("--language", help="of the page until a visitor chooses")
    write.add_argument("--languages", help="to choose from, such as en,es")
    write.add_argument("--volume", help="0 to 1")
    mode = write.add_mutually_exclusive_group()
    held, heard = "only what is said while the button is held", "whatever is said"
    mode.add_argument("--push-to-talk", dest="mode", action="store_const", const="push", help=held)
    mode.add_argument("--open-microphone", dest="mode", action="store_const", const="open", help=heard)
    write.add_argument("--noisy", action=ON_OFF, help="for a loud hall")
    write.add_argument("--idle", dest="idle_s", metavar="S", help="silence until a visitor is asked")
    write.add_argument("--countdown", dest="countdown_s", metavar="S", help="from then to the farewell")
    write.add_argument("--visit", dest="visit_s", metavar="S", help="a visit's longest")
    write.add_argument("--lost", dest="lost_s", metavar="S", help="silence of a page that is lost")
    write.add_argument("--public-url", help="where phones reach this server's page, for the QR code")


def _add_units(units: argparse.ArgumentParser) -> None:
    units.add_argument("folder", type=Path, help="/, or another that holds the same folders")
    units.add_argument("--home", type=Path, default=Path("/opt/atom/src"), help="of the clone (%(default)s)")
    env = Path("/etc/atom/kiosk.env")
    units.add_argument("--settings", type=Path, default=env, help="of `tutor kiosk write` (%(default)s)")
    units.add_argument("--server-user", default="atom", help="who runs the server (%(default)s)")
    units.add_argument("--page-user", default="kiosk", help="who runs the browser (%(default)s)")
    units.add_argument("--port", type=int, default=8000, help="of the server (%(default)s)")
    units.add_argument("--update-at", type=_clock, default="04:00", help="when it is updated (%(default)s)")


def _clock(text: str) -> str:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise argparse.ArgumentTypeError(f"{text} is no time of day such as 04:00")
    return f"{int(hour):02}:{int(minute):02}"
