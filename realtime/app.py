"""The gateway: its routes, its page, and what lives as long as it does."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx
from anyio.abc import TaskGroup
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from realtime import metrics, tracing
from realtime.admission import Door, body_of, failure
from realtime.children import free_port, is_well, keep_alive, speech_server
from realtime.engines.chat import HttpChatModel
from realtime.engines.http import engine_client
from realtime.engines.packed import PackedVoice
from realtime.engines.protocols import ChatModel, Synthesizer
from realtime.engines.recognition import HttpTranscriber
from realtime.engines.stand_in import StandIn
from realtime.engines.voice import HttpSynthesizer
from realtime.house import House, SharedSecrets, Tally
from realtime.kiosk import (
    MOST_BYTES,
    PAGE_FOLDER,
    Beat,
    Kiosk,
    Order,
    OwnSlate,
    SharedSlate,
    check_languages,
    edition,
    lesson_for,
)
from realtime.one_turn import Turns
from realtime.packs.pack import Pack, load
from realtime.protocol.prompt import messages
from realtime.session.session import Engines
from realtime.session.sessions import Sessions
from realtime.session.silero import VoiceModel
from realtime.settings import Engines as EngineSettings
from realtime.settings import Settings
from realtime.tutor.correction_rules import load_rules
from realtime.tutor.lessons import load_lessons
from realtime.tutor.persona import persona
from realtime.vllm import ChatServer
from realtime.wire.link import Link

TUTOR, GA = "tutor.v1", "realtime"
CONTENT_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:"
)


@dataclass(frozen=True, slots=True)
class Hall:
    """What the routes work with while the server is up."""

    settings: Settings
    door: Door
    sessions: Sessions
    turns: Turns
    kiosk: Kiosk
    client: httpx.AsyncClient
    engine_roots: dict[str, str]  # what is there, by name
    chat_server: ChatServer | None
    authority: bytes | None


def create_app(
    settings: Settings, address: str, authority: bytes | None = None, house: House | None = None
) -> Starlette:
    """`address` is told to whoever started the server; `authority`: what devices are to trust (PEM); `house`:
    what this worker shares with others, whose parent has started the engines.

    Raises LessonError for a broken lesson file, PackError for a broken voice pack, SettingsError for a kiosk
    that cannot be.
    """
    lessons = load_lessons(settings.talk.lessons)
    load_rules()  # not in the first talk
    check_languages(settings.kiosk, PAGE_FOLDER)
    lesson, of_page = lesson_for(settings.kiosk, lessons), edition(settings, PAGE_FOLDER)
    pack = load(settings.engines.voice_pack) if settings.engines.voice_pack else None
    stand_in = settings.engines.voice
    if pack:
        # A talk begins with the pack's voice; whoever asks for another gets that.
        engines_of_pack = settings.engines.model_copy(update={"voice": pack.manifest.voice})
        settings = settings.model_copy(update={"engines": engines_of_pack})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with (
            tracing.exporting(),
            engine_client() as client,
            anyio.create_task_group() as tasks,
        ):
            base_url, chat_server = start_engines(settings, client, tasks)
            hearing_url = settings.engines.transcription_url or base_url
            transcriber = HttpTranscriber(client, hearing_url, settings.engines)
            engines = Engines(
                transcriber,
                voice(engine_of(client, base_url, settings), settings.engines, pack, stand_in),
                VoiceModel(),
                chat_model(client, settings.engines, chat_server),
            )
            told = Tally(house).tell if house else int
            sessions = Sessions(settings, engines, lessons, tasks, told)
            turns = Turns(settings, engines, transcriber, lessons)
            roots = {hearing_url.removesuffix("/v1"): "recognition server"}
            roots |= {base_url.removesuffix("/v1"): "speech server"}
            roots |= {house.chat_root: "chat server"} if house and house.chat_root else {}
            door = Door(settings, SharedSecrets(house.secrets_folder) if house else None)
            slate = SharedSlate(house.kiosk_folder) if house else OwnSlate()
            kiosk = Kiosk(settings.kiosk, lesson, of_page, time.monotonic, slate)
            hall = Hall(settings, door, sessions, turns, kiosk, client, roots, chat_server, authority)
            app.state.hall = hall
            if house is None:
                tasks.start_soon(tell_when_ready, hall, address)
            yield
            tasks.cancel_scope.cancel()

    page = StaticFiles(directory=PAGE_FOLDER, html=True)
    return Starlette(
        routes=[
            WebSocketRoute("/v1/realtime", talk),
            Route("/v1/realtime/client_secrets", client_secrets, methods=["POST"]),
            Route("/v1/turn", one_turn, methods=["POST"]),
            Route("/v1/door", door),
            Route("/v1/lessons", lesson_list),
            Route("/kiosk", kiosk_page),
            Route("/v1/kiosk", kiosk_beat, methods=["GET", "POST"]),
            Route("/v1/kiosk/order", kiosk_order, methods=["POST"]),
            Route("/v1/kiosk/health", kiosk_health),
            Route("/authority.pem", authority_file),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics_page),
            Mount("/", page),
        ],
        middleware=[Middleware(PageHeaders)],
        lifespan=lifespan,
    )


def start_engines(
    settings: Settings, client: httpx.AsyncClient, tasks: TaskGroup
) -> tuple[str, ChatServer | None]:
    """Those that are not elsewhere, as children; where speech is made, and vLLM if it is one of them."""
    base_url = settings.engines.speech_url
    if base_url is None:
        port = free_port()
        command = speech_server(port, settings.whisper, settings.bark)
        tasks.start_soon(keep_alive, "speech server", [*command, "--as-child"])
        base_url = f"http://127.0.0.1:{port}/v1"
    chat_server = own_chat_server(client, settings)
    if chat_server:
        tasks.start_soon(run_after, client, base_url, chat_server)
    return base_url, chat_server


async def run_after(client: httpx.AsyncClient, speech_url: str, chat_server: ChatServer) -> None:
    """Whisper takes its part of a graphics card first: vLLM counts what others take meanwhile as its own."""
    while not await is_well(client, speech_url.removesuffix("/v1")):  # noqa: ASYNC110 -- it is another process
        await anyio.sleep(0.2)
    await chat_server.run()


def own_chat_server(client: httpx.AsyncClient, settings: Settings) -> ChatServer | None:
    """vLLM as a child, unless one elsewhere is named. It is warmed with what most talks begin with."""
    if settings.vllm.python is None or settings.engines.chat_url is not None:
        return None
    opening = messages(persona(settings.talk.level, settings.talk.mother_tongue), ())
    return ChatServer(client, settings.vllm, settings.vllm.python, free_port(), opening)


def engine_of(client: httpx.AsyncClient, base_url: str, settings: Settings) -> Synthesizer:
    """The speech server's voice. Where that is Bark, as a child, espeak-ng stands in for it."""
    spoken = HttpSynthesizer(client, base_url, settings.engines, mode=settings.engines.speech_mode)
    if settings.bark.model is None:
        return spoken
    usual = EngineSettings()
    plain = settings.engines.model_copy(update={"speech_model": usual.speech_model})
    return StandIn(spoken, HttpSynthesizer(client, base_url, plain), usual.voice)


def voice(engine: Synthesizer, engines: EngineSettings, pack: Pack | None, stand_in: str) -> Synthesizer:
    """The engine, behind the pack if there is one. The model that made the pack goes on in the same voice."""
    if pack is None:
        return engine
    same = engines.speech_model == pack.manifest.model
    return PackedVoice(pack, engine, pack.manifest.voice if same else stand_in)


def chat_model(
    client: httpx.AsyncClient, engines: EngineSettings, own: ChatServer | None
) -> ChatModel | None:
    if own:
        return HttpChatModel(client, own.url, engines.model_copy(update={"chat_model": own.model}))
    return HttpChatModel(client, engines.chat_url, engines) if engines.chat_url else None


async def talk(websocket: WebSocket) -> None:
    hall: Hall = websocket.app.state.hall
    given = hall.door.admit(websocket)
    if isinstance(given, Response):
        await websocket.send_denial_response(given)
        return
    offered = hall.door.subprotocols(websocket)
    chosen = next((name for name in (TUTOR, GA) if name in offered), None)
    await websocket.accept(chosen)
    link = Link(websocket, hall.settings.limits, tutor=chosen == TUTOR)
    async with link.writing():
        await hall.sessions.serve(link, hall.door.start(websocket, given))


async def one_turn(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    given = hall.door.admit(request)
    return given if isinstance(given, Response) else hall.turns.answer(hall.door.start(request, given))


async def client_secrets(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    return await hall.door.mint(request)


async def door(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    return JSONResponse(hall.door.described())


async def authority_file(request: Request) -> Response:
    """For the phones of a classroom: with this type they offer to install it."""
    hall: Hall = request.app.state.hall
    if hall.authority is None:
        return failure(404, "no_authority", "this server has no certificate authority of its own")
    return Response(hall.authority, media_type="application/x-x509-ca-cert")


async def lesson_list(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    return JSONResponse(
        [
            {
                "id": lesson.id,
                "level": lesson.level,
                "title": lesson.title.by_language(),
                "aim": lesson.aim.by_language(),
                "steps": lesson.length(None),
                "vocabulary": [word.by_language() for word in lesson.vocabulary],
            }
            for lesson in hall.sessions.lessons.values()
        ]
    )


async def kiosk_page(request: Request) -> Response:
    return FileResponse(PAGE_FOLDER / "kiosk.html")


async def kiosk_beat(request: Request) -> Response:
    """The kiosk's page says how it is, and is told how it is to be. Whoever only asks is told the same."""
    hall: Hall = request.app.state.hall
    given = hall.door.admit(request)
    if isinstance(given, Response):
        return given
    if request.method != "POST":
        return JSONResponse(hall.kiosk.standing().model_dump())
    beat = await body_of(request, Beat, MOST_BYTES)
    return beat if isinstance(beat, Response) else JSONResponse(hall.kiosk.hear(beat).model_dump())


async def kiosk_order(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    if refusal := hall.door.refuses(request, "this origin may not order anything"):
        return refusal
    order = await body_of(request, Order, MOST_BYTES)
    return order if isinstance(order, Response) else JSONResponse(hall.kiosk.obey(order).model_dump())


async def kiosk_health(request: Request) -> Response:
    """One line for a monitor."""
    hall: Hall = request.app.state.hall
    health = hall.kiosk.health(await missing(hall), hall.sessions.in_all)
    return PlainTextResponse(f"{health.line}\n", 200 if health.well else 503)


async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """200 when a turn can be spoken."""
    awaited = await missing(request.app.state.hall)
    if not awaited:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "waiting", "for": ", ".join(awaited)}, 503)


async def missing(hall: Hall) -> list[str]:
    """The engines without which no turn can be spoken now. A chat server elsewhere is not asked."""
    awaited = [name for root, name in hall.engine_roots.items() if not await is_well(hall.client, root)]
    return [*awaited, "chat server"] if hall.chat_server and not hall.chat_server.ready else awaited


async def tell_when_ready(hall: Hall, address: str) -> None:
    while await missing(hall):  # noqa: ASYNC110 -- it is another process that becomes ready
        await anyio.sleep(0.2)
    print(f"Atom is ready: open {address}", flush=True)


async def metrics_page(request: Request) -> Response:
    hall: Hall = request.app.state.hall
    metrics.sessions.set(hall.sessions.in_all)
    metrics.tasks.set(len(anyio.get_running_tasks()))
    last = hall.kiosk.last
    metrics.kiosk_visitors.set(last.beat.visitors if last else 0)
    metrics.kiosk_silence.set(hall.kiosk.silent_s)
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")


class PageHeaders:
    """The page may load nothing from elsewhere and be framed by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", CONTENT_POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"DENY"),
                    (b"cache-control", b"no-cache"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
