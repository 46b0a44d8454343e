"""The plan of a card's memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.setup.memory import (
    HEADROOM,
    LOWEST_CAPABILITY,
    MOST_LEARNERS,
    TIERS,
    TOKEN_GB,
    Capability,
    NoRoom,
    Plan,
    least_gb,
    plan,
)
from realtime.setup.models import LLAMA, LLAMA_4_BIT, LLAMA_8_BIT

CHAT_MODELS = [LLAMA_4_BIT, LLAMA_8_BIT, LLAMA]  # from the smallest to the whole
PRECISIONS = ["int8_float16", "float16"]
VOICES = ["bark-small", "bark"]

sizes = st.floats(least_gb() + 1e-6, 400)
capabilities = st.sampled_from([(7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (12, 0)])


def worth(given: Plan) -> tuple[int, ...]:
    """What more memory may only raise."""
    return (
        CHAT_MODELS.index(given.chat_model),
        given.max_model_len,
        PRECISIONS.index(given.whisper_precision),
        given.whisper_batch,
        VOICES.index(given.voice_model),
        given.voice_clips,
        given.learners,
    )


def test_a_token_of_llama_takes_128_kib() -> None:
    assert TOKEN_GB == 128 * 1024 / 1e9


@pytest.mark.parametrize(
    ("gpu_memory_gb", "chat", "context", "precision", "voice", "learners"),
    [
        (16, LLAMA_4_BIT, 4096, "int8_float16", "bark-small", 3),
        (24, LLAMA_4_BIT, 4096, "float16", "bark", 9),
        (48, LLAMA, 8192, "float16", "bark", 16),
        (80, LLAMA, 8192, "float16", "bark", 38),
        (140, LLAMA, 8192, "float16", "bark", 64),
    ],
)
def test_the_five_sizes(
    gpu_memory_gb: float, chat: str, context: int, precision: str, voice: str, learners: int
) -> None:
    made = plan(gpu_memory_gb)
    assert (made.chat_model, made.max_model_len) == (chat, context)
    assert (made.whisper_model, made.whisper_precision) == ("large-v3-turbo", precision)
    assert (made.voice_model, made.learners) == (voice, learners)


def test_a_card_that_computes_fp8_takes_it_where_the_whole_model_does_not_fit() -> None:
    assert plan(34, capability=(8, 9)).chat_model == LLAMA_8_BIT
    assert plan(34, capability=(8, 6)).chat_model == LLAMA_4_BIT
    assert plan(80, capability=(8, 9)).chat_model == LLAMA


def test_a_card_without_bfloat16_keeps_the_quantised_model() -> None:
    assert plan(48, capability=(7, 5)).chat_model == LLAMA_4_BIT


@pytest.mark.parametrize("gpu_memory_gb", [0, 4, 8, 12, 12.9])
def test_a_small_card_is_refused_with_what_works_instead(gpu_memory_gb: float) -> None:
    with pytest.raises(NoRoom, match=r"too small.*they need 14\.7 GB.*--profile cpu.*--chat-url"):
        plan(gpu_memory_gb)


def test_an_old_card_is_refused() -> None:
    with pytest.raises(NoRoom, match=r"compute capability 7\.5"):
        plan(32, capability=(7, 0))


def test_what_others_take_is_not_shared_out() -> None:
    alone, beside = plan(24), plan(24, others_gb=0.5)
    assert alone.parts.chat - beside.parts.chat == pytest.approx(0.5)
    assert beside.learners < alone.learners
    with pytest.raises(NoRoom, match=r"of which others take 3\.0 GB.*they need 17\.8 GB"):
        plan(16, others_gb=3)


@given(sizes, capabilities, st.floats(0, 20))
def test_the_parts_never_exceed_the_card(
    gpu_memory_gb: float, capability: Capability, others_gb: float
) -> None:
    try:
        made = plan(gpu_memory_gb, capability=capability, others_gb=others_gb)
    except NoRoom:
        return
    assert made.parts.total <= gpu_memory_gb * (1 + 1e-9)
    assert made.parts.headroom == gpu_memory_gb * HEADROOM
    assert made.vllm_share * gpu_memory_gb <= made.parts.chat
    assert made.learners * made.max_model_len <= made.cache_tokens
    assert made.cache_tokens * TOKEN_GB <= made.parts.chat


@given(sizes, st.floats(0, 100), capabilities)
def test_more_memory_never_gives_less(gpu_memory_gb: float, more_gb: float, capability: Capability) -> None:
    less, more = (plan(gb, capability=capability) for gb in (gpu_memory_gb, gpu_memory_gb + more_gb))
    assert all(before <= after for before, after in zip(worth(less), worth(more), strict=True))


@given(sizes, st.floats(0, 20), st.floats(0, 20))
def test_what_others_leave_never_gives_less(gpu_memory_gb: float, one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    try:
        less = plan(gpu_memory_gb, others_gb=more)
    except NoRoom:
        return
    assert plan(gpu_memory_gb, others_gb=fewer).learners >= less.learners


@given(sizes)
def test_a_plan_has_a_learner_and_no_more_than_the_server_lets_in(gpu_memory_gb: float) -> None:
    assert 1 <= plan(gpu_memory_gb).learners <= MOST_LEARNERS


def test_no_plan_just_below_the_least() -> None:
    assert plan(least_gb() + 1e-6).learners == 1
    with pytest.raises(NoRoom):
        plan(least_gb() - 1e-6)


def test_the_tiers_grow() -> None:
    """The plan relies on it: where a tier fits, those before it do."""
    fixed = [least_gb((tier,)) for tier in TIERS]
    assert fixed == sorted(fixed)
    assert [tier.learners_from for tier in TIERS] == sorted({tier.learners_from for tier in TIERS})
    assert LOWEST_CAPABILITY == (7, 5)
