"""`tutor bench`: learners who talk with a server in real time, and the figures of it."""

import argparse
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import anyio
import httpx

from realtime.bench.figures import delays, for_programs, table
from realtime.bench.judge import Findings, judge
from realtime.bench.learner import Order
from realtime.bench.picture import svg
from realtime.bench.run import run as attend
from realtime.bench.speech import Repertoire, broken, recorded, synthesised
from realtime.engines.voice import HttpSynthesizer
from realtime.errors import SettingsError
from realtime.settings import Engines, Whisper
from realtime.setup.trial import speaking_server

BAD_OPTIONS = 2


def run(arguments: argparse.Namespace) -> None:
    try:
        order = order_of(arguments)
        folder: Path | None = arguments.speech
        repertoire = checked(recorded(folder), order) if folder else None
        _check_writable(arguments.plot)
    except SettingsError as error:
        print(f"tutor bench: {error}", file=sys.stderr)
        sys.exit(BAD_OPTIONS)
    with suppress(KeyboardInterrupt):
        found = anyio.run(_bench, order, repertoire, arguments.speech_url)
        _tell(arguments, order, found)
        sys.exit(not found.voice)
    sys.exit(130)


def order_of(arguments: argparse.Namespace) -> Order:
    if arguments.silence_ms is not None and arguments.detection != "server_vad":
        raise SettingsError("--silence-ms belongs to --detection server_vad")
    return Order(
        url=address(arguments.url, arguments.model),
        key=arguments.key or os.environ.get("TUTOR_API_KEY"),
        tutor=arguments.tutor,
        learners=arguments.learners,
        turns=arguments.turns,
        limit_s=arguments.seconds_limit,
        pauses_ms=tuple(arguments.pauses),
        detection=arguments.detection,
        silence_ms=arguments.silence_ms,
        instructions=arguments.instructions,
    )


def address(url: str, model: str | None) -> str:
    """With the model in its query; one that is there stays, unless another is asked for."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise SettingsError(f"{url} is no address of a talk, such as ws://127.0.0.1:8000/v1/realtime")
    query = parse_qs(parts.query)
    if model is not None or "model" not in query:
        query["model"] = [model or "tutor"]
    return parts._replace(query=urlencode(query, doseq=True)).geturl()


def checked(repertoire: Repertoire, order: Order) -> Repertoire:
    """Raises SettingsError for a sentence that is too short to pause in."""
    for line in repertoire.lines:
        broken(line, (0, 0))
    return repertoire


def _check_writable(plot: Path | None) -> None:
    if plot is not None and not plot.parent.is_dir():
        raise SettingsError(f"there is no folder {plot.parent} for the plot")


async def _bench(order: Order, repertoire: Repertoire | None, speech_url: str | None) -> Findings:
    repertoire = repertoire or await _voiced(speech_url)
    return judge(await attend(order, repertoire))


async def _voiced(speech_url: str | None) -> Repertoire:
    """The voice is gone from the machine before the learners come."""
    engines = Engines()
    async with (
        httpx.AsyncClient() as client,
        speaking_server(client, speech_url, Whisper()) as url,
    ):
        if url is None:
            raise SettingsError("there is no voice here for the learners: name recordings with --speech")
        return await synthesised(HttpSynthesizer(client, url, engines, live=False), engines.voice)


def _tell(arguments: argparse.Namespace, order: Order, found: Findings) -> None:
    wire = "tutor.v1" if order.tutor else "GA"
    if arguments.json:
        setting = {"learners": order.learners, "turns": order.turns, "protocol": wire}
        print(json.dumps({**setting, **for_programs(found)}))
    else:
        print(f"{order.learners} learners, {wire}, {order.turns} turns each\n\n{table(found)}")
    if arguments.plot:
        shown = {name: values for name, values in delays(found).items() if values is not found.late}
        arguments.plot.write_text(svg(shown))
