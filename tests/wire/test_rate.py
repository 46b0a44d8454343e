"""How fast a client is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.settings import Limits
from realtime.wire.rate import BURST_S, Rate
from tests.session.client import named
from tests.session.studio import studio

PER_S = Limits().messages_per_s


@given(st.lists(st.floats(0, 0.5), min_size=200, max_size=400))
@settings(max_examples=50, deadline=None)
def test_a_real_time_client_never_waits_however_its_network_stutters(lags: list[float]) -> None:
    """50 frames a second, each of them up to half a second late; none overtakes another."""
    rate, at_s = Rate(PER_S), 0.0
    for number, lag in enumerate(lags):
        at_s = max(at_s, number / 50 + lag)
        assert rate.wait_s(at_s) == 0


def test_a_burst_is_read_at_once() -> None:
    rate = Rate(PER_S)
    waits = [rate.wait_s(7.0) for _ in range(int(PER_S * BURST_S) + 1)]
    assert waits[:-1] == [0] * (len(waits) - 1)
    assert waits[-1] > 0


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=300))
@settings(max_examples=50, deadline=None)
def test_a_flood_is_read_at_the_steady_rate(gaps: list[float]) -> None:
    """The reader waits as it is told, so never more than the burst and the rate come through."""
    rate, now_s = Rate(20), 0.0
    for taken, gap in enumerate(gaps, 1):
        now_s += gap
        now_s += rate.wait_s(now_s)
        assert taken <= 20 * (now_s + BURST_S) + 1


def test_whoever_pauses_may_burst_again() -> None:
    rate = Rate(10)
    assert [rate.wait_s(0) for _ in range(11)][-1] == pytest.approx(0.1)
    assert rate.wait_s(60) == 0


async def test_a_client_that_floods_is_read_more_slowly_and_loses_nothing() -> None:
    async with studio(limits={"messages_per_s": 2}) as stage:
        client = await stage.open()
        await client.until("session.created")
        for number in range(7):
            client.send({"type": "response.cancel", "event_id": f"mine_{number}"})
        await client.quiet()
        read_at_once = len(named(client.log, "error"))
        await client.until("error", error=_refusal("mine_6"))
        assert read_at_once < 7
        assert len(named(client.log, "error")) == 7


def _refusal(event_id: str) -> dict[str, str | None]:
    return {
        "type": "invalid_request_error",
        "code": "response_cancel_not_active",
        "message": "Cancellation failed: no active response found",
        "param": None,
        "event_id": event_id,
    }
