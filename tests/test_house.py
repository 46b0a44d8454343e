"""What the workers of one server know of each other."""

from pathlib import Path

import pytest

from realtime.house import House, SharedSecrets, Tally
from realtime.keys import Keys, Pass


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(folder=tmp_path, workers=2)
    house.build()
    return house


def test_the_talks_of_all_workers_are_counted(house: House) -> None:
    first, second = (Tally(house.model_copy(update={"number": number})) for number in range(2))
    assert first.tell(3) == 3
    assert second.tell(4) == 7
    assert first.tell(2) == 6


def test_a_worker_that_begins_anew_has_no_talks(house: House) -> None:
    first, second = (Tally(house.model_copy(update={"number": number})) for number in range(2))
    first.tell(3)
    Tally(house)
    assert second.tell(1) == 1


def test_a_secret_opens_talks_on_the_worker_that_did_not_mint_it(house: House) -> None:
    now_s = 1000.0
    minting, admitting = (Keys(["key"], lambda: now_s, SharedSecrets(house.secrets_folder)) for _ in range(2))
    secret = minting.mint(10, {"instructions": "Be short."})
    assert admitting.admit(secret.value) == Pass({"instructions": "Be short."})
    assert admitting.admit("ek_invented") is None
    now_s = 1010.0
    assert admitting.admit(secret.value) is None


def test_what_is_kept_of_a_secret_does_not_tell_it_and_goes_when_it_expires(house: House) -> None:
    now_s = 1000.0
    keys = Keys(["key"], lambda: now_s, SharedSecrets(house.secrets_folder, most=2))
    first = keys.mint(10, {})
    [kept] = house.secrets_folder.iterdir()
    assert first.value not in kept.name + kept.read_text()
    secrets = [keys.mint(20, {}), keys.mint(30, {})]
    assert len(list(house.secrets_folder.iterdir())) == 2
    assert keys.admit(first.value) is None
    assert all(keys.admit(secret.value) for secret in secrets)
    now_s = 1025.0
    keys.mint(10, {})
    assert len(list(house.secrets_folder.iterdir())) == 2
