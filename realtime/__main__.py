"""The `tutor` command: serve the tutor, run the speech server alone, talk from a terminal, fetch models."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from realtime.commands.kiosk_options import add_kiosk
from realtime.commands.options import add_settings
from realtime.errors import PullError, SettingsError


def main() -> None:
    arguments = _parser().parse_args()
    try:
        import_module(f"realtime.commands.{arguments.command}").run(arguments)
    except (SettingsError, ValidationError) as error:
        sys.exit(f"tutor: {error}")
    except PullError as error:
        print(f"tutor: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tutor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    serve_ = commands.add_parser("serve", help="serve the tutor and its page")
    add_settings(serve_)
    speech = commands.add_parser("speech", help="run the speech server alone")
    speech.add_argument("--port", type=int, default=9000)
    talk_ = commands.add_parser("talk", help="talk from this terminal")
    talk_.add_argument("--url", default="ws://127.0.0.1:8000/v1/realtime?model=tutor")
    talk_.add_argument("--lesson", help="the lesson to do")
    talk_.add_argument("--wav", type=Path, help="speak this recording instead of the microphone, once")
    talk_.add_argument("--out", type=Path, help="with --wav: write the answer to this WAV file")
    talk_.add_argument("--key", help="the server's API key (default: TUTOR_API_KEY)")
    pull_ = commands.add_parser(
        "pull", help="download the models that a profile needs (default: this machine's)"
    )
    pull_.add_argument("profile", nargs="?", choices=["embedded", "cpu", "gpu"])
    pull_.add_argument(
        "--chat-model", metavar="REPO", help="a chat model of the hub instead of the profile's"
    )
    pull_.add_argument("--yes", action="store_true", help="do not ask before downloading")
    pull_.add_argument("--dry-run", action="store_true", help="say what would be downloaded, no more")
    plan_ = commands.add_parser("plan", help="how the engines would share a graphics card's memory")
    plan_.add_argument("--gb", type=float, help="of a card with so many GB (default: this machine's first)")
    doctor_ = commands.add_parser("doctor", help="what is wrong here, and what to type")
    add_settings(doctor_)
    doctor_.add_argument("--url", help="try the engines behind the tutor that runs there")
    doctor_.add_argument("--key", help="that server's API key (default: TUTOR_API_KEY)")
    doctor_.add_argument("--json", action="store_true", help="for programs")
    _add_bench(commands.add_parser("bench", help="have learners talk with any server, and measure it"))
    _add_render(commands.add_parser("render", help="speak the lessons' fixed lines once, into a voice pack"))
    selftest = commands.add_parser("selftest", help="hear, read and question the engines; write a report")
    add_settings(selftest)
    selftest.add_argument(
        "--out", type=Path, default=Path("selftest"), help="the report's folder (%(default)s)"
    )
    selftest.add_argument("--url", help="speak the turn with the tutor that runs there")
    selftest.add_argument("--key", help="that server's API key (default: TUTOR_API_KEY)")
    add_kiosk(commands.add_parser("kiosk", help="settings, health and orders of a kiosk (docs/kiosk.md)"))
    return parser


def _add_bench(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("--url", default="ws://127.0.0.1:8000/v1/realtime", help="of the talk (%(default)s)")
    bench.add_argument("--learners", type=_number, default=8, help="at once (%(default)s)")
    bench.add_argument("--turns", type=_number, default=6, help="of each (%(default)s; six have all kinds)")
    bench.add_argument("--seconds-limit", type=_number, default=120, help="for all of it (%(default)s)")
    bench.add_argument("--key", help="the server's API key (default: TUTOR_API_KEY)")
    bench.add_argument("--model", help="that the server is to run (default: tutor)")
    bench.add_argument("--speech", type=Path, metavar="FOLDER", help="recordings that the learners speak")
    bench.add_argument("--speech-url", help="who speaks for them without (default: a server of our own)")
    bench.add_argument("--tutor", action="store_true", help="talk as the page does, in tutor.v1")
    kinds = ("server_vad", "semantic_vad")
    bench.add_argument("--detection", choices=kinds, default=kinds[0], help="of turns (%(default)s)")
    bench.add_argument("--silence-ms", type=_number, help="of server_vad (default: the server's)")
    bench.add_argument(
        "--pauses",
        type=_number,
        nargs=2,
        default=(700, 1200),
        metavar="MS",
        help="inside sentences (700 1200)",
    )
    bench.add_argument("--instructions", help="for the server's model (default: its own)")
    bench.add_argument("--json", action="store_true", help="for programs, every value in it")
    bench.add_argument("--plot", type=Path, metavar="FILE", help="the delays as a picture (SVG)")


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


def _add_render(render: argparse.ArgumentParser) -> None:
    render.add_argument(
        "folder", nargs="?", type=Path, help="of the pack; one that was begun is gone on with"
    )
    render.add_argument("--list", action="store_true", help="print the lines, no more")
    render.add_argument("--lessons", type=Path, help="a folder of lesson files instead of the built-in ones")
    render.add_argument("--speech-url", help="who speaks (default: a speech server of our own)")
    render.add_argument("--model", help="of that server, such as bark (default: as in the settings)")
    render.add_argument("--voice", help="of that model (default: as in the settings)")
    render.add_argument("--mode", choices=("stream", "exact"), help="how Bark makes a clip")
    render.add_argument("--check", action="store_true", help="have each clip recognised")
    render.add_argument("--transcription-url", help="by whom (default: the speech server)")
    render.add_argument("--word-errors", type=float, default=0.34, help="that are let pass (%(default)s)")
    render.add_argument("--at-once", type=_number, help="lines made together (default: 4, Bark's slots)")


if __name__ == "__main__":
    main()
