"""Spans reach the collector that the environment names, over OTLP/HTTP; one that is away harms nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.serving import serving


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Export)
        self.taken: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Any]:
        scopes = [one for sent in self.taken for of in sent.resource_spans for one in of.scope_spans]
        return [span for scope in scopes for span in scope.spans]


class _Export(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


def one_reply(url: str) -> dict[str, Any]:
    """A written one, which nobody has to play; what is said of its time."""
    with connect(url, subprotocols=[Subprotocol("tutor.v1")]) as socket:
        asked = {"type": "response.create", "response": {"output_modalities": ["text"]}}
        socket.send(json.dumps(asked))
        while True:
            message = socket.recv(timeout=20)
            event = {} if isinstance(message, bytes) else json.loads(message)
            if event.get("type") == "tutor.latency":
                return event


def test_a_named_collector_is_sent_the_replies() -> None:
    with collecting() as collector:
        with serving(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as server:
            latency = one_reply(server.talk_url)
        [root] = [span for span in collector.spans if not span.parent_span_id]
        stages = {span.name for span in collector.spans if span.parent_span_id == root.span_id}
        assert stages == latency["stages"].keys() == {"first_token"}
        attributes = {one.key: one.value.string_value for one in root.attributes}
        assert (root.name, attributes["tutor.profile"]) == ("reply", "embedded")
        [resource] = [of.resource for sent in collector.taken for of in sent.resource_spans]
        assert {one.key: one.value.string_value for one in resource.attributes}[
            "service.name"
        ] == "atom-tutor"


@pytest.mark.parametrize("environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}])
def test_without_a_collector_the_talk_is_the_same(environment: dict[str, str]) -> None:
    with serving(**environment) as server:
        assert one_reply(server.talk_url)["stages"].keys() == {"first_token"}
