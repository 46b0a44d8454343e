"""The kiosk's routes on real servers: the beat, the health line, staff's orders, and who may."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving

KEY = "blue-whale-7"
BEAT = {"state": "attract", "visitors": 3, "problem": ""}
STAFF = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def hall() -> Iterator[Served]:
    with serving(TUTOR_KIOSK__VOLUME="0.5", TUTOR_KIOSK__NOISY="1") as served:
        yield served


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with serving("--workers", "2", TUTOR_API_KEYS=KEY) as served:
        yield served


def post(served: Served, path: str, body: Any, **headers: str) -> httpx.Response:
    sent = {"content": body} if isinstance(body, str | bytes) else {"json": body}
    return httpx.post(f"{served.url}{path}", headers=headers, timeout=20, **sent)


def order(served: Served, **asked: Any) -> dict[str, Any]:
    return post(served, "/v1/kiosk/order", asked).raise_for_status().json()


def line(served: Served) -> tuple[int, str]:
    answer = httpx.get(f"{served.url}/v1/kiosk/health")
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.status_code, answer.text


def test_the_page_is_served_at_its_address(hall: Served) -> None:
    page = httpx.get(f"{hall.url}/kiosk").raise_for_status()
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert 'src="' in page.text


def test_a_beat_is_answered_with_the_standing_and_told_to_the_monitor(hall: Served) -> None:
    standing = post(hall, "/v1/kiosk", BEAT).raise_for_status().json()
    lessons = [lesson["id"] for lesson in httpx.get(f"{hall.url}/v1/lessons").json()]
    assert standing["lesson"] in lessons
    assert (standing["volume"], standing["mode"], standing["open"]) == (0.5, "push", True)
    status, text = line(hall)
    assert status == 200
    assert text.startswith("OK page=attract seen=0s visitors=3 sessions=0 engines=ready\n")
    assert "tutor_kiosk_visitors 3.0" in httpx.get(f"{hall.url}/metrics").text


def test_what_the_page_says_is_wrong_is_a_problem_for_the_monitor(hall: Served) -> None:
    post(hall, "/v1/kiosk", {**BEAT, "state": "offline", "problem": "no microphone"})
    assert line(hall) == (503, "PROBLEM told by the page (offline): no microphone\n")
    post(hall, "/v1/kiosk", BEAT)
    assert line(hall)[0] == 200


def test_orders_reach_the_page_with_its_next_beat(hall: Served) -> None:
    before = post(hall, "/v1/kiosk", BEAT).json()
    assert order(hall, reload=True)["epoch"] != before["epoch"]
    order(hall, quiet=True)
    after = post(hall, "/v1/kiosk", BEAT).json()
    assert after["quiet"] and after["epoch"] != before["epoch"]
    assert not order(hall, quiet=False)["quiet"]


@pytest.mark.parametrize("path", ["/v1/kiosk", "/v1/kiosk/order"])
@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"state": "asleep", "visitors": 1, "quiet": 7}']
)
def test_what_is_no_beat_or_order_is_refused_by_name(hall: Served, path: str, body: str) -> None:
    answer = post(hall, path, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_value")
    assert error.keys() == {"message", "type", "code", "param"}


def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(hall: Served) -> None:
    answer = post(hall, "/v1/kiosk", b" " * 2**22)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_foreign_pages_and_strangers_are_kept_out(guarded: Served) -> None:
    for path, body in (("/v1/kiosk", BEAT), ("/v1/kiosk/order", {"reload": True})):
        foreign = post(guarded, path, body, Origin="https://evil.example", **STAFF)
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "origin_not_allowed")
        stranger = post(guarded, path, body)
        assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "invalid_api_key")
        assert post(guarded, path, body, **STAFF).is_success


def test_the_pages_own_secret_beats_and_orders_nothing(guarded: Served) -> None:
    minted = post(guarded, "/v1/realtime/client_secrets", {}, **STAFF).json()["value"]
    page = {"Authorization": f"Bearer {minted}"}
    assert post(guarded, "/v1/kiosk", BEAT, **page).is_success
    assert post(guarded, "/v1/kiosk/order", {"quiet": True}, **page).status_code == 401


def test_every_worker_knows_the_last_beat_and_the_last_order(guarded: Served) -> None:
    with httpx.Client(base_url=guarded.url, headers=STAFF) as one:
        epoch = one.post("/v1/kiosk/order", json={"reload": True, "quiet": True}).json()["epoch"]
    for number in range(20):  # each on a connection of its own, which whoever is free takes
        standing = post(guarded, "/v1/kiosk", {**BEAT, "visitors": number}, **STAFF).json()
        assert (standing["epoch"], standing["quiet"]) == (epoch, True)
        assert f"visitors={number} " in line(guarded)[1]
