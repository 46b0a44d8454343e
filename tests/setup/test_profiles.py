"""Which profile is chosen, what is said of it, and what it means for the servers that are started."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.children import speech_server
from realtime.errors import SettingsError
from realtime.settings import Settings
from realtime.setup.machine import Driver, Gpu, Machine, chosen, graphics
from realtime.setup.models import LLAMA, LLAMA_4_BIT, UNGATED_4_BIT
from realtime.setup.profiles import choose, lacking, planned, settled
from tests.setup.machines import BARE, BARK_BOX, GPU_BOX, H100, L4, LAPTOP, with_card

CHAT = {"chat_url": "http://127.0.0.1:9999/v1"}
HEARING = {"speech_url": "http://127.0.0.1:9998/v1"}


def asking(profile: str = "auto", **groups: Any) -> Settings:
    return Settings.model_validate({"profile": profile, **groups})


@pytest.mark.parametrize(
    ("machine", "groups", "profile"),
    [
        (BARE, {}, "embedded"),
        (BARE, {"engines": CHAT}, "embedded"),
        (LAPTOP, {}, "cpu"),
        (LAPTOP, {"engines": HEARING}, "embedded"),
        (LAPTOP, {"whisper": {"model": "medium"}}, "embedded"),
        (GPU_BOX, {}, "gpu"),
        (GPU_BOX, {"engines": HEARING}, "gpu"),
        (replace(GPU_BOX, vllm=None), {}, "cpu"),
        (replace(GPU_BOX, vllm=None), {"engines": CHAT}, "gpu"),
        (replace(GPU_BOX, cublas=None), {}, "cpu"),
        (replace(GPU_BOX, driver=Driver("570.86", (12, 8))), {}, "cpu"),
        (replace(GPU_BOX, pulled=frozenset({"small"})), {}, "cpu"),
        (replace(GPU_BOX, pulled=frozenset({"large-v3-turbo", LLAMA_4_BIT})), {}, "gpu"),
        (replace(GPU_BOX, pulled=frozenset({"large-v3-turbo", UNGATED_4_BIT})), {}, "gpu"),
        (replace(GPU_BOX, pulled=frozenset({"large-v3-turbo", LLAMA})), {}, "embedded"),
        (replace(GPU_BOX, gpus=()), {}, "cpu"),
        (with_card(replace(L4, free_gb=9)), {}, "cpu"),
        (with_card(Gpu("NVIDIA GeForce RTX 3060", 12.9, 12.6, (8, 6))), {}, "cpu"),
    ],
)
def test_auto_takes_the_best_that_is_installed_and_downloaded(
    machine: Machine, groups: dict[str, Any], profile: str
) -> None:
    assert choose(machine, asking(**groups)).profile == profile


@pytest.mark.parametrize("profile", ["embedded", "cpu", "gpu"])
def test_a_profile_that_is_asked_for_is_taken_if_it_can_work(profile: str) -> None:
    choice = choose(GPU_BOX, asking(profile))
    assert choice.profile == profile
    assert "as was asked for" in choice.why


@pytest.mark.parametrize(
    ("profile", "machine", "said"),
    [
        ("cpu", BARE, ["the Whisper model small is not downloaded: tutor pull cpu"]),
        ("gpu", LAPTOP, ["no NVIDIA card is seen: `nvidia-smi`", "tutor serve --profile cpu"]),
        ("gpu", replace(GPU_BOX, gpus=()), ["the driver shows no card"]),
        (
            "gpu",
            replace(GPU_BOX, driver=Driver("570.86", (12, 8)), cublas=None, vllm=None, pulled=frozenset()),
            [
                "driver 570.86 is too old for CUDA 13: install NVIDIA's driver 580 or newer",
                "libraries for Whisper are not installed: make serve-gpu",
                "vLLM is not installed: make serve-gpu",
                "large-v3-turbo is not downloaded: tutor pull gpu",
                f"{LLAMA_4_BIT} is not downloaded: tutor pull gpu",
            ],
        ),
        (
            "gpu",
            with_card(replace(L4, memory_gb=12.0, free_gb=11.8)),
            ["too small for the three engines", "--profile cpu"],
        ),
        ("gpu", with_card(replace(L4, capability=(7, 0))), ["compute capability 7.5 or newer"]),
    ],
)
def test_a_profile_that_cannot_work_is_refused_with_what_to_type(
    profile: str, machine: Machine, said: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        choose(machine, asking(profile))
    assert [part for part in said if part not in str(refused.value)] == []


@pytest.mark.parametrize(
    ("machine", "groups", "more"),
    [
        (BARE, {}, "for free talk: tutor pull cpu, and --chat-url"),
        (BARE, {"engines": CHAT}, "to be understood beyond lessons: tutor pull cpu"),
        (LAPTOP, {}, "for free talk: --chat-url of an OpenAI-compatible chat server"),
        (LAPTOP, {"engines": CHAT}, ""),
        (BARK_BOX, {}, ""),
        (GPU_BOX, {"bark": {"live": "never"}}, ""),
        (GPU_BOX, {}, "for Bark's voice: Bark's model bark is not downloaded: tutor pull gpu"),
        (
            replace(GPU_BOX, vllm=None),
            {"profile": "cpu", "engines": CHAT},
            "",
        ),
        (
            replace(GPU_BOX, vllm=None),
            {},
            "for free talk: --chat-url of an OpenAI-compatible chat server; "
            "for the profile gpu: vLLM is not installed: make serve-gpu",
        ),
    ],
)
def test_what_would_give_more(machine: Machine, groups: dict[str, Any], more: str) -> None:
    assert choose(machine, asking(**groups)).more == more


def test_what_is_said_of_the_card() -> None:
    why = choose(GPU_BOX, asking()).why
    assert "\n" not in why
    assert "NVIDIA L4 with 24 GB: Whisper large-v3-turbo in float16" in why
    assert f"{LLAMA_4_BIT}, memory for 9 learners" in why
    assert "the voice is espeak-ng's" in why
    spoken = choose(BARK_BOX, asking())
    assert "the voice is bark's in float16, 8 sentences at once" in spoken.why
    assert spoken.more == ""


def test_the_embedded_profile_changes_nothing() -> None:
    settings = asking()
    made = settled(settings, BARE, choose(BARE, settings))
    assert made == settings.model_copy(update={"profile": "embedded"})
    assert speech_server(9000, made.whisper) == speech_server(9000)
    assert not made.talks_freely


def test_the_speech_server_of_the_cpu_profile() -> None:
    settings = asking(whisper={"precision": "float32"})
    made = settled(settings, LAPTOP, choose(LAPTOP, settings))
    assert speech_server(9000, made.whisper)[len(speech_server(9000)) :] == [
        *("--recognition", "whisper", "--whisper-model", "small", "--whisper-device", "cpu"),
        *("--whisper-precision", "float32", "--whisper-batch", "8"),
    ]


def test_the_servers_of_the_gpu_profile() -> None:
    made = settled(asking(), GPU_BOX, choose(GPU_BOX, asking()))
    assert speech_server(9000, made.whisper)[len(speech_server(9000)) :] == [
        *("--recognition", "whisper", "--whisper-model", "large-v3-turbo", "--whisper-device", "cuda"),
        *("--whisper-precision", "float16", "--whisper-batch", "8"),
    ]
    plan = planned(GPU_BOX)
    assert (made.vllm.python, made.vllm.model) == (GPU_BOX.vllm_python, LLAMA_4_BIT)
    assert (made.vllm.memory_share, made.vllm.max_model_len) == (plan.vllm_share, plan.max_model_len)
    assert made.vllm.arguments == ("--max-num-seqs", "36")
    assert made.talks_freely


def bark_flags(machine: Machine, settings: Settings) -> list[str]:
    made = settled(settings, machine, choose(machine, settings))
    return speech_server(9000, None, made.bark)[len(speech_server(9000)) :]


def test_bark_speaks_in_the_gpu_profile_where_it_is_downloaded(tmp_path: Path) -> None:
    made = settled(asking(), BARK_BOX, choose(BARK_BOX, asking()))
    assert (made.engines.speech_model, made.engines.voice) == ("bark", "v2/en_speaker_6")
    assert (made.bark.model, made.bark.device, made.bark.precision, made.bark.slots) == (
        *("bark", "cuda", "float16"),
        planned(BARK_BOX).voice_clips,
    )
    assert bark_flags(GPU_BOX, asking()) == []
    assert bark_flags(BARK_BOX, asking(bark={"live": "never"})) == []
    assert bark_flags(BARK_BOX, asking(engines=HEARING)) == []


def test_a_bark_that_is_named_speaks_in_every_profile(tmp_path: Path) -> None:
    settings = asking(
        "embedded", bark={"model": str(tmp_path), "python": "/usr/bin/python3", "live": "always"}
    )
    here = replace(BARE, pulled=frozenset({str(tmp_path)}))
    assert bark_flags(here, settings) == [
        *("--voice", "bark", "--bark-model", str(tmp_path), "--bark-python", "/usr/bin/python3"),
        *(
            "--bark-device",
            "cpu",
            "--bark-precision",
            "float32",
            "--bark-slots",
            "1",
            "--bark-live",
            "always",
        ),
    ]


def test_on_a_machine_without_a_card_it_is_named_as_what_it_is() -> None:
    here = replace(
        BARE, bark_python=Path("/srv/atom/.venv-bark/bin/python"), pulled=frozenset({"bark-small"})
    )
    settings = asking(bark={"model": "bark-small"})
    made = settled(settings, here, choose(here, settings))
    assert (made.engines.speech_model, made.engines.voice) == ("bark-small", "v2/en_speaker_6")
    assert (made.bark.python, made.bark.device, made.bark.slots) == (here.bark_python, "cpu", 1)


def test_what_a_named_bark_lacks_is_said() -> None:
    with pytest.raises(SettingsError, match=r"(?s)make bark.*TUTOR_BARK__MODEL=bark-small tutor pull cpu"):
        choose(BARE, asking(bark={"model": "bark-small"}))


def test_a_voice_that_was_named_is_kept() -> None:
    settings = asking(engines={"voice": "v2/en_speaker_9", "speech_model": "bark-small"})
    made = settled(settings, BARK_BOX, choose(BARK_BOX, settings)).engines
    assert (made.speech_model, made.voice) == ("bark-small", "v2/en_speaker_9")


def test_what_is_set_for_vllm_goes_before_the_plan() -> None:
    own = {"memory_share": 0.3, "max_model_len": 2048, "arguments": ["--max-num-seqs", "5"]}
    settings = asking(vllm=own)
    made = settled(settings, GPU_BOX, choose(GPU_BOX, settings)).vllm
    assert (made.memory_share, made.max_model_len) == (0.3, 2048)
    assert made.arguments[-2:] == ("--max-num-seqs", "5")


def test_recognition_elsewhere_starts_no_whisper() -> None:
    settings = asking("cpu", engines=HEARING)
    assert settled(settings, LAPTOP, choose(LAPTOP, settings)).whisper.model is None


def test_a_chat_server_elsewhere_starts_no_vllm() -> None:
    settings = asking(engines=CHAT)
    made = settled(settings, GPU_BOX, choose(GPU_BOX, settings))
    assert made.profile == "gpu"
    assert made.vllm.python is None


def test_a_chat_model_that_was_named_is_the_one() -> None:
    settings = asking("gpu", vllm={"model": "some/model"})
    with pytest.raises(SettingsError, match="some/model is not downloaded"):
        choose(GPU_BOX, settings)
    pulled = replace(GPU_BOX, pulled=GPU_BOX.pulled | {"some/model"})
    assert settled(settings, pulled, choose(pulled, settings)).vllm.model == "some/model"


def test_who_has_not_accepted_llamas_licence_gets_what_stands_in_for_it() -> None:
    pulled = replace(GPU_BOX, pulled=frozenset({"large-v3-turbo", UNGATED_4_BIT}))
    assert settled(asking(), pulled, choose(pulled, asking())).vllm.model == UNGATED_4_BIT


def test_the_plan_is_for_the_first_card_and_what_others_leave_of_it() -> None:
    both = replace(GPU_BOX, gpus=(H100, L4))
    assert planned(both).gpu_memory_gb == H100.memory_gb
    assert planned(both).parts.others == pytest.approx(0.6)
    with pytest.raises(ValueError, match="no card"):
        planned(BARE)


@pytest.mark.parametrize(
    ("visible", "cards"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("1", [1]),
        ("2, 0", [2, 0]),
        ("1,7,0", [1]),
        ("GPU-5ab", [0, 1, 2]),
    ],
)
def test_the_cards_that_cuda_is_to_see(visible: str | None, cards: list[int]) -> None:
    assert chosen(3, visible) == cards


def test_where_nothing_is_visible_there_is_no_card() -> None:
    assert graphics("")[1] == ()


def test_nothing_is_lacking_for_the_embedded_profile() -> None:
    assert lacking("embedded", Machine(), asking()) == []
