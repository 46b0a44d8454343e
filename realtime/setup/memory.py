"""How a graphics card's memory is shared out between the three engines: a pure plan, made before they start.

Every figure is in GB of 1e9 bytes. A card that is sold as having 16 GB has at least so much: most have 16 GiB
(17.2 GB), and those with error correction keep a sixteenth for it (a T4: 15.8 GB).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import floor

from realtime.errors import SettingsError
from realtime.setup.models import LLAMA, LLAMA_4_BIT, LLAMA_8_BIT

Capability = tuple[int, int]  # CUDA's compute capability: 7.5 is Turing, 8.0 Ampere, 8.9 Ada, 9.0 Hopper

# Llama 3 8B: keys and values of 32 layers, 8 heads and 128 numbers, in two bytes each: 128 KiB.
TOKEN_GB = 2 * 32 * 8 * 128 * 2 / 1e9

# Of vLLM, for this very model: 1.79 GiB that PyTorch does not control (the CUDA context, NCCL, kernels) and
# 1.26 GiB of activations (vllm-project/vllm, pull request 10511, on an 80 GB card).
CHAT_RUNTIME_GB = 1.92
CHAT_WORK_GB = 1.35

# faster-whisper's whole process on a card, context included, one window at a time: 2537 MB in float16 and
# 1545 MB in int8 (SYSTRAN/faster-whisper, issue 1030). Its README has a batch of eight at 6090 MB against
# 4525 MB for the large model, which has the same encoder: so much for each window.
WINDOW_GB = (6.090 - 4.525) / 8

# Bark in half precision: the weights of its three models and of the codec's decoder, and for each clip the
# keys and values of 1024 positions of the semantic and of the coarse model (96 KiB a position; small: 36).
# Nothing says how much it takes besides: half a GB is kept for its work and for the one clip more that its
# graphs keep for nobody (0.2 GB; small: 0.08), and for its CUDA context what is a large one.
BARK_WORK_GB = 0.5
CONTEXT_GB = 0.6

HEADROOM = 0.05  # of the card: its driver's own, fragments, and what the figures above do not know
MOST_LEARNERS = 64  # as many talks as `Limits.sessions` lets in


class NoRoom(SettingsError):
    """The card cannot hold the three engines."""


@dataclass(frozen=True, slots=True)
class Chat:
    repo: str
    quantisation: str
    weights_gb: float
    needs: Capability


@dataclass(frozen=True, slots=True)
class Hears:
    model: str
    precision: str
    alone_gb: float  # for one window


@dataclass(frozen=True, slots=True)
class Voice:
    model: str
    weights_gb: float
    clip_gb: float


# The size of the files, from the repositories' pages: they are loaded as they are.
# AWQ runs from Turing on; bfloat16 needs Ampere; FP8 is computed from Ada on, and only emulated below
# (docs.vllm.ai, "Supported Hardware" and "FP8 W8A8").
AWQ = Chat(LLAMA_4_BIT, "AWQ, 4 bit", 5.74, (7, 5))
FP8 = Chat(LLAMA_8_BIT, "FP8", 9.09, (8, 9))
BF16 = Chat(LLAMA, "none (bfloat16)", 16.06, (8, 0))

TURBO_8_BIT = Hears("large-v3-turbo", "int8_float16", 1.55)
TURBO = Hears("large-v3-turbo", "float16", 2.54)

BARK_SMALL = Voice("bark-small", 0.84, 2 * 1024 * 36 * 1024 / 1e9)
BARK = Voice("bark", 2.23, 2 * 1024 * 96 * 1024 / 1e9)


@dataclass(frozen=True, slots=True)
class Tier:
    """Engines that go together, taken as soon as they hold `learners_from`; the tier before ends there."""

    chat: Chat
    context: int  # tokens of one talk
    hears: Hears
    windows: int  # recognised in one batch
    voice: Voice
    clips: int  # spoken at once
    learners_from: int


TIERS = (
    Tier(AWQ, 4096, TURBO_8_BIT, 4, BARK_SMALL, 4, learners_from=1),
    Tier(AWQ, 4096, TURBO, 8, BARK, 8, learners_from=8),
    Tier(FP8, 4096, TURBO, 8, BARK, 8, learners_from=10),
    Tier(BF16, 8192, TURBO, 8, BARK, 8, learners_from=12),
    Tier(BF16, 8192, TURBO, 16, BARK, 32, learners_from=32),
)
LOWEST_CAPABILITY: Capability = min(tier.chat.needs for tier in TIERS)


@dataclass(frozen=True, slots=True)
class Parts:
    """What each takes of the card, in GB."""

    others: float  # programs that were there before
    chat: float  # vLLM's share: weights, activations, cache
    chat_runtime: float  # what it takes beside its share
    hearing: float
    voice: float
    headroom: float

    @property
    def total(self) -> float:
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Plan:
    """`learners`: as many talks, each of `max_model_len` tokens, fit the cache at once.

    It counts memory alone: how fast the card is, a plan cannot know.
    """

    gpu_memory_gb: float
    chat_model: str
    quantisation: str
    max_model_len: int
    vllm_share: float  # --gpu-memory-utilization
    cache_tokens: int
    whisper_model: str
    whisper_precision: str
    whisper_batch: int
    voice_model: str
    voice_clips: int
    learners: int
    parts: Parts


def plan(gpu_memory_gb: float, *, capability: Capability = (8, 0), others_gb: float = 0.0) -> Plan:
    """The best engines that a card of so much memory holds, of which others take some.

    More memory never gives smaller models, shorter talks or fewer learners. Raises NoRoom.
    """
    tiers = [tier for tier in TIERS if capability >= tier.chat.needs]
    if not tiers:
        raise NoRoom(f"a card of compute capability {_dotted(LOWEST_CAPABILITY)} or newer is needed")
    held = [tier for tier in tiers if _room(tier, gpu_memory_gb, others_gb) >= tier.learners_from]
    if not held:
        raise NoRoom(_too_small(tiers[0], gpu_memory_gb, others_gb))
    following = tiers[len(held) : len(held) + 1]
    most = following[0].learners_from if following else MOST_LEARNERS
    return _planned(held[-1], gpu_memory_gb, others_gb, most)


def told(made: Plan) -> str:
    """The plan for who reads it in a terminal."""
    parts = made.parts
    rows = [
        (
            parts.chat,
            f"vLLM's share ({made.vllm_share:.1%} of the card): {made.chat_model}, {made.quantisation}",
        ),
        (parts.chat_runtime, "vLLM beside its share"),
        (
            parts.hearing,
            f"Whisper {made.whisper_model} in {made.whisper_precision}, {made.whisper_batch} at once",
        ),
        (parts.voice, f"kept for {made.voice_model}, {made.voice_clips} clips at once"),
        (parts.others, "taken by other programs"),
        (parts.headroom, "left free"),
    ]
    lines = [f"{gb:6.1f} GB  {what}" for gb, what in rows if gb > 0]
    holds = f"{made.learners} learners, each with {made.max_model_len} tokens of talk"
    return "\n".join(
        [f"A card of {made.gpu_memory_gb:.1f} GB:", *lines, f"In memory there is room for {holds}"]
    )


def least_gb(tiers: Sequence[Tier] = TIERS) -> float:
    """The smallest card on which there is a plan."""
    smallest = tiers[0]
    return (_fixed_gb(smallest) + smallest.context * TOKEN_GB) / (1 - HEADROOM)


def _planned(tier: Tier, gpu_memory_gb: float, others_gb: float, most_learners: int) -> Plan:
    cache_gb = _cache_gb(tier, gpu_memory_gb, others_gb)
    chat_gb = tier.chat.weights_gb + CHAT_WORK_GB + cache_gb
    parts = Parts(
        others=others_gb,
        chat=chat_gb,
        chat_runtime=CHAT_RUNTIME_GB,
        hearing=_hearing_gb(tier),
        voice=_voice_gb(tier),
        headroom=gpu_memory_gb * HEADROOM,
    )
    return Plan(
        gpu_memory_gb=gpu_memory_gb,
        chat_model=tier.chat.repo,
        quantisation=tier.chat.quantisation,
        max_model_len=tier.context,
        vllm_share=_share(chat_gb, gpu_memory_gb),
        cache_tokens=floor(cache_gb / TOKEN_GB),
        whisper_model=tier.hears.model,
        whisper_precision=tier.hears.precision,
        whisper_batch=tier.windows,
        voice_model=tier.voice.model,
        voice_clips=tier.clips,
        learners=min(_room(tier, gpu_memory_gb, others_gb), most_learners),
        parts=parts,
    )


def _share(chat_gb: float, gpu_memory_gb: float) -> float:
    """vLLM's share is of the whole card, whatever others hold of it: it starts only if so much is free.

    What it takes before it looks (its CUDA context) comes on top (vLLM 0.32, vllm/v1/worker/gpu_worker.py).
    Rounded down.
    """
    return floor(chat_gb / gpu_memory_gb * 1000) / 1000


def _room(tier: Tier, gpu_memory_gb: float, others_gb: float) -> int:
    """How many learners the cache holds, each with a full talk."""
    return floor(_cache_gb(tier, gpu_memory_gb, others_gb) / (tier.context * TOKEN_GB))


def _cache_gb(tier: Tier, gpu_memory_gb: float, others_gb: float) -> float:
    return gpu_memory_gb * (1 - HEADROOM) - others_gb - _fixed_gb(tier)


def _fixed_gb(tier: Tier) -> float:
    return tier.chat.weights_gb + CHAT_WORK_GB + CHAT_RUNTIME_GB + _hearing_gb(tier) + _voice_gb(tier)


def _hearing_gb(tier: Tier) -> float:
    return tier.hears.alone_gb + (tier.windows - 1) * WINDOW_GB


def _voice_gb(tier: Tier) -> float:
    return tier.voice.weights_gb + tier.clips * tier.voice.clip_gb + BARK_WORK_GB + CONTEXT_GB


def _too_small(smallest: Tier, gpu_memory_gb: float, others_gb: float) -> str:
    taken = f", of which others take {others_gb:.1f} GB" if others_gb else ""
    least = least_gb((smallest,)) + others_gb / (1 - HEADROOM)
    return (
        f"a card of {gpu_memory_gb:.1f} GB{taken} is too small for the three engines, "
        f"they need {least:.1f} GB. "
        "What works instead: tutor serve --profile cpu, and --chat-url of a smaller chat model for free talk"
    )


def _dotted(capability: Capability) -> str:
    return ".".join(str(part) for part in capability)
