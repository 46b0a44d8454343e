"""What the doctor finds: each judgement by facts, and the whole on this machine."""

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.settings import Settings
from realtime.setup.checkup import partly, unmet
from realtime.setup.doctor import Facts, Finding, Port, findings, told
from realtime.setup.machine import Driver, Machine
from realtime.setup.models import LLAMA, bark, cache_of, chat
from realtime.setup.profiles import choose
from realtime.setup.trial import Engine, Tried
from tests.serving import EMBEDDED, serving
from tests.setup.machines import BARE, GPU_BOX, L4, LAPTOP, with_card


def facts(machine: Machine = BARE, *, can: bool = True, profile: str = "auto", **groups: Any) -> Facts:
    settings = Settings.model_validate({"profile": profile, **groups})
    return Facts(settings, machine, choose(machine, settings) if can else None)


def failing(engine: Engine, **engines: str) -> Facts:
    return replace(facts(engines=engines), tried=(Tried(engine, False, "no answer"),))


def of(subject: str, found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.subject == subject]


@pytest.mark.parametrize(
    ("given", "subject", "state", "said", "cure"),
    [
        (facts(), "packages", "ok", "as this release wants", ""),
        (replace(facts(), unmet=("av is not installed",)), "packages", "wrong", "av is not", "make setup"),
        (facts(), "GPU", "note", "no NVIDIA card is seen; the profiles embedded and cpu need none", ""),
        (facts(profile="gpu", can=False), "GPU", "wrong", "no NVIDIA card is seen", "nvidia-smi"),
        (facts(GPU_BOX), "GPU", "ok", "NVIDIA L4: 24.0 of 24.1 GB are free", ""),
        (facts(GPU_BOX), "memory", "ok", "9 learners", ""),
        (facts(replace(GPU_BOX, driver=Driver("570.1", (12, 8)))), "GPU", "note", "too old", "580"),
        (facts(replace(GPU_BOX, vllm=None), can=False, profile="gpu"), "GPU", "wrong", "vLLM", "serve-gpu"),
        (facts(replace(GPU_BOX, cublas=None)), "GPU", "note", "CUDA 12's libraries", "make serve-gpu"),
        (facts(with_card(replace(L4, free_gb=8))), "GPU", "note", "too small", "nvidia-smi"),
        (facts(replace(GPU_BOX, vllm="0.31.0")), "vLLM", "note", "0.31.0 is installed", ".venv-vllm"),
        (facts(LAPTOP), "profile", "ok", "cpu: Whisper small in int8 on the processor", ""),
        (facts(can=False, profile="cpu"), "profile", "wrong", "small is not downloaded", "tutor pull cpu"),
        (facts(), "more", "note", "for free talk", ""),
        (replace(facts(), partly=(chat(LLAMA),)), "models", "note", f"{LLAMA} was", "tutor pull"),
        (facts(), "disk", "ok", "200 GB are free", ""),
        (facts(replace(BARE, disk_free_gb=0.2)), "disk", "wrong", "0.2 GB", "HF_HOME"),
        (replace(facts(), port=Port(8000)), "port", "ok", "8000 is free", ""),
        (replace(facts(), port=Port(8000, "a tutor")), "port", "note", "a tutor answers", "--url"),
        (replace(facts(), port=Port(8000, "another program")), "port", "wrong", "is held", "--port 8001"),
        (facts(), "microphone", "ok", "this machine's own page", ""),
        (facts(server={"host": "::1"}), "microphone", "ok", "this machine's own page", ""),
        (facts(server={"host": "0.0.0.0"}), "microphone", "wrong", "by http from 0.0.0.0", "--tls self"),
        (facts(server={"host": "0.0.0.0", "tls": "self"}, api_keys="k"), "microphone", "ok", "https", ""),
        (replace(facts(), certificate="x.pem is not there"), "microphone", "wrong", "x.pem", "--tls self"),
        (facts(server={"host": "10.0.0.7", "tls": "self"}), "keys", "wrong", "reached", "TUTOR_API_KEYS"),
        (failing("speech"), "speech", "wrong", "no answer", "tutor speech"),
        (failing("speech", speech_url="http://s/v1"), "speech", "wrong", "no answer", "at http://s/v1"),
        (failing("recognition"), "recognition", "wrong", "no answer", "--profile embedded"),
        (
            failing("recognition", transcription_url="http://t/v1"),
            "recognition",
            "wrong",
            "no",
            "http://t/v1",
        ),
        (failing("chat", chat_url="http://c/v1"), "chat", "wrong", "no answer", "at http://c/v1"),
        (replace(facts(), tried=(Tried("chat", True, "a word"),)), "chat", "ok", "a word", ""),
        (replace(facts(GPU_BOX), port=Port(8000)), "chat", "note", "not tried", "tutor doctor --url"),
    ],
)
def test_what_is_found(given: Facts, subject: str, state: str, said: str, cure: str) -> None:
    found = of(subject, findings(given))
    assert any(one.state == state and said in one.said and cure in one.cure for one in found), found
    assert (state == "wrong") == any(one.state == "wrong" for one in findings(given))
    assert all(one.cure for one in found if one.state == "wrong"), "whatever is wrong can be mended"


def test_keys_make_an_address_fit_for_others() -> None:
    given = facts(server={"host": "0.0.0.0", "tls": "self"}, api_keys="one")
    assert not [one for one in findings(given) if one.state == "wrong"]


def test_a_running_server_holds_its_port_by_right() -> None:
    assert of("port", findings(facts())) == []


@pytest.mark.parametrize(
    "given",
    [
        replace(facts(LAPTOP), port=Port(8000)),
        replace(facts(GPU_BOX, engines={"chat_url": "http://c/v1"}), port=Port(8000)),
        facts(GPU_BOX),  # a server that runs is examined
    ],
)
def test_only_a_vllm_of_the_tutors_own_is_left_untried(given: Facts) -> None:
    assert of("chat", findings(given)) == []


def test_what_is_told_is_plain_text_with_what_to_type() -> None:
    text = told(findings(replace(facts(), port=Port(8000, "another program"))))
    assert text.isascii()
    assert "WRONG port        8000 is held by another program\n" in text
    assert "-> tutor serve --port 8001, or end that program" in text
    assert text.endswith("1 to be mended.")
    assert told(findings(facts())).endswith("All is well.")


# what is gathered


def test_packages_that_are_not_as_wanted_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "some_tutor-1.dist-info"
    folder.mkdir()
    wants = ["anyio>=99", "httpx", "no-such-package", "no-such-extra; extra == 'gpu'"]
    lines = ["Metadata-Version: 2.1", "Name: some-tutor", "Version: 1"]
    folder.joinpath("METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {one}" for one in wants)]))
    monkeypatch.syspath_prepend(tmp_path)
    found = list(unmet("some-tutor"))
    assert len(found) == 2
    assert found[0].endswith("is installed, not >=99")
    assert found[1] == "no-such-package is not installed"


def test_a_model_of_which_a_part_is_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert list(partly()) == []
    for model in (chat(LLAMA), bark("bark-small")):
        cache_of(model).mkdir()
    assert [model.repo for model in partly()] == [LLAMA, "suno/bark-small"]


# the whole, on this machine


def run(*flags: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "realtime", "doctor", *flags]
    env = os.environ | EMBEDDED | environment
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def found_by(output: str) -> dict[str, dict[str, str]]:
    return {one["subject"]: one for one in json.loads(output)}


def test_all_is_well_with_the_embedded_engines() -> None:
    status, said = run("--port", "0")
    assert status == 0
    assert "All is well." in said
    assert "was heard as 'hello my name is ana'" in said


def test_a_dead_chat_server_and_an_occupied_port_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as closed:
        port, dead = other.getsockname()[1], closed.getsockname()[1]
        closed.close()
        url = f"http://127.0.0.1:{dead}/v1"
        status, said = run("--json", "--port", str(port), "--chat-url", url)
    found = found_by(said)
    assert status == 1
    assert {name for name, one in found.items() if one["state"] == "wrong"} == {"port", "chat"}
    assert found["chat"]["cure"].startswith(f"see to the chat server at {url}")
    assert "held by another program" in found["port"]["said"]


def with_bark(folder: Path, factor: float) -> dict[str, str]:
    """The settings of one that is scripted; so many seconds of work for a second of sound."""
    python = folder / "python"
    scripted = [sys.executable, "-m", "tests.gpu.scripted_bark", str(folder / "log"), str(factor)]
    python.write_text(f"#!/bin/sh\nexec {shlex.join(scripted)}\n")
    python.chmod(0o755)
    return {"TUTOR_BARK__MODEL": str(folder), "TUTOR_BARK__PYTHON": str(python)}


def test_bark_is_tried_where_it_is_the_voice(tmp_path: Path) -> None:
    _, said = run("--json", "--port", "0", **with_bark(tmp_path, 0.5))
    found = found_by(said)
    assert (found["speech"]["state"], found["bark"]["state"]) == ("ok", "ok")
    assert found["bark"]["said"] == "it speaks to learners"
    assert "My name is Ana." in (tmp_path / "log").read_text()


def test_a_bark_that_is_too_slow_to_talk_with_is_no_fault(tmp_path: Path) -> None:
    """espeak-ng speaks in its place, and is understood."""
    status, said = run("--port", "0", **with_bark(tmp_path, 3))
    assert status == 0, said
    assert "ok    bark        bark-small takes 3.0 s for a second of speech here" in said
    assert "was heard as 'hello my name is ana'" in said
    assert not (tmp_path / "log").exists()


def test_a_bark_that_does_not_start_is_a_fault_beside_the_voice_that_stands_in(tmp_path: Path) -> None:
    given = with_bark(tmp_path, 0.5)
    (tmp_path / "python").write_text("#!/bin/sh\nexit 3\n")
    status, said = run("--json", "--port", "0", **given)
    found = found_by(said)
    assert (status, found["bark"]["state"], found["speech"]["state"]) == (1, "wrong", "ok")
    assert found["bark"]["said"] == "Bark does not start: it ended with status 3"


def test_a_running_tutor_is_tried_by_a_whole_turn() -> None:
    with serving() as served:
        port = served.url.rpartition(":")[2]
        status, said = run("--json", "--url", served.url)
        assert status == 0, said
        assert {"recognition", "speech"} <= found_by(said).keys()
        _, beside = run("--json", "--port", port)
        assert found_by(beside)["port"]["said"] == f"a tutor answers on {port}"
    status, said = run("--json", "--url", served.url)
    assert status == 1
    assert found_by(said)["recognition"]["state"] == "wrong"


def test_a_running_tutor_whose_chat_server_is_dead_is_found() -> None:
    with serving("--chat-url", "http://127.0.0.1:9/v1") as served:
        status, said = run("--json", "--url", served.url)
    assert status == 1
    assert found_by(said)["chat"]["state"] == "wrong"
    assert "chat: " in found_by(said)["chat"]["said"]


def test_a_profile_that_cannot_work_is_found_and_not_started() -> None:
    status, said = run("--json", "--port", "0", "--profile", "gpu", CUDA_VISIBLE_DEVICES="")
    assert status == 1
    assert found_by(said)["GPU"]["state"] == "wrong"
    assert "speech" not in found_by(said)
