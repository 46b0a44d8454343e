"""A reply as OpenTelemetry spans: when it was asked for, what each stage of it took, how it ended.

Spans are made of a reply that is over, from the times that were noted on the way, so that a talk does nothing
for them while it goes on. Without a provider, OpenTelemetry's own or `exporting`'s, none is made. They hold
no words and no audio, and of the session only a hash.
"""

import hashlib
import logging
import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Thread

import anyio
import anyio.to_thread
from opentelemetry import trace

from realtime.wire.server_events import Kind, Stage

log = logging.getLogger(__name__)
NAMED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "atom-tutor"
FLUSH_S = 2  # a collector that is away does not hold up the end of the server
BEFORE: dict[Stage, Stage] = {
    "first_token": "transcript",
    "first_segment": "first_token",
    "first_audio_made": "first_segment",
    "first_audio_out": "first_audio_made",
    "first_audio_played": "first_audio_out",
}
_tracer = trace.get_tracer(SERVICE)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose reply it was."""

    session_id: str
    profile: str


UNNAMED = Source("", "")


@dataclass(frozen=True, slots=True)
class Told:
    """A reply that is over. `lasted_ms`, `stages`: from the end of speech."""

    kind: Kind
    ending: str
    held: bool
    lasted_ms: int
    stages: Mapping[Stage, int]


def record(source: Source, reply: Told) -> None:
    ended_ns = time.time_ns()
    began_ns = ended_ns - reply.lasted_ms * 1_000_000
    root = _tracer.start_span("reply", start_time=began_ns)
    if not root.is_recording():
        return
    root.set_attributes(
        {
            "tutor.session": hashlib.sha256(source.session_id.encode()).hexdigest()[:16],
            "tutor.profile": source.profile,
            "tutor.kind": reply.kind,
            "tutor.ending": reply.ending,
            "tutor.held": reply.held,
        }
    )
    if reply.ending == "failed":
        root.set_status(trace.StatusCode.ERROR)
    context = trace.set_span_in_context(root)
    for stage, (from_ms, to_ms) in spans(reply.stages).items():
        span = _tracer.start_span(stage, context, start_time=began_ns + from_ms * 1_000_000)
        span.set_attribute("tutor.after_speech_ms", to_ms)
        span.end(began_ns + to_ms * 1_000_000)
    root.end(ended_ns)


def spans(stages: Mapping[Stage, int]) -> dict[Stage, tuple[int, int]]:
    """Each stage from the one that it follows from, where that was reached, to its own time."""
    return {stage: (min(_before(stage, stages), ms), ms) for stage, ms in stages.items()}


def _before(stage: Stage, stages: Mapping[Stage, int]) -> int:
    before = BEFORE.get(stage)
    if before is None:
        return 0
    return stages[before] if before in stages else _before(before, stages)


@asynccontextmanager
async def exporting() -> AsyncGenerator[None]:
    """Spans go to the collector that the environment names, by OpenTelemetry's own variables."""
    if not any(os.environ.get(name) for name in NAMED):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        log.warning("no spans are sent: install the extra `otel` (pip install 'atom-tutor[otel]')")
        yield
        return
    named = "OTEL_SERVICE_NAME" in os.environ
    resource = Resource.create({} if named else {"service.name": SERVICE})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        closing = Thread(target=provider.shutdown, daemon=True)
        closing.start()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(closing.join, FLUSH_S)
