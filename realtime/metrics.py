"""Every metric, declared once."""

import os
from collections.abc import Mapping
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from realtime import house
from realtime.errors import EngineError
from realtime.session.stages import KINDS, STAGES
from realtime.wire.server_events import Kind, Stage

REGISTRY = CollectorRegistry()

sessions = Gauge("tutor_sessions", "talks that are open", registry=REGISTRY, multiprocess_mode="mostrecent")
tasks = Gauge("tutor_tasks", "tasks that are alive", registry=REGISTRY, multiprocess_mode="mostrecent")
kiosk_visitors = Gauge(
    "tutor_kiosk_visitors",
    "that the kiosk's page has counted since it was loaded",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
kiosk_silence = Gauge(
    "tutor_kiosk_silence_seconds",
    "since the kiosk's page was heard of, or since the start",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
client_errors = Counter("tutor_client_errors", "client events that were refused", ["code"], registry=REGISTRY)
engine_errors = Counter("tutor_engine_errors", "engine failures", ["stage", "code"], registry=REGISTRY)
replies = Counter("tutor_replies", "replies by how they ended", ["ending"], registry=REGISTRY)
held_replies = Counter(
    "tutor_held_replies", "replies begun before the endpoint", ["became"], registry=REGISTRY
)
waiting_replies = Gauge(
    "tutor_waiting_replies", "replies of all talks that have no sound yet", registry=REGISTRY
)
stand_ins = Counter(
    "tutor_stand_ins", "clips spoken by the voice that stands in", ["code"], registry=REGISTRY
)
stage_seconds = Histogram(
    "tutor_stage_seconds",
    "from the end of speech, or the request, to each stage of a reply",
    ["stage", "kind"],
    buckets=(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10),
    registry=REGISTRY,
)
for stage, kind in product(STAGES, KINDS):  # all are there from the start, at nothing
    stage_seconds.labels(stage, kind)


def count_reply(error: EngineError | None) -> None:
    replies.labels("failed" if error else "completed").inc()
    if error:
        engine_errors.labels(error.stage, error.code).inc()


def observe_stages(report: Mapping[Stage, int], kind: Kind) -> None:
    for stage, ms in report.items():
        stage_seconds.labels(stage, kind).observe(ms / 1000)


def exposition() -> bytes:
    """Of all workers, where there are several; those that have died count on."""
    if house.METRICS not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return generate_latest(together)
