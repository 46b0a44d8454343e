"""How a word sounds, in the acoustic model's phones: by its dictionary, else by espeak."""

import re
import unicodedata
from pathlib import Path

# What espeak's English voices call a sound, and what the acoustic model calls it.
_TABLE = """
    a=AE a#=AH aa=AE A=AA A:=AA 0=AA 0#=AH O=AO O:=AO O2=AO o=OW o@=AO+R O@=AO+R oU=OW oU#=OW e=EH E=EH
    E#=IH E2=EH e@=EH+R eI=EY @=AH @2=AH @5=AH @L=AH+L @U=OW 3=ER 3:=ER i=IY i:=IY i@=IY+AH i@3=IH+R
    I=IH I#=IH I2=IH u=UW u:=UW U=UH U@=UH+R V=AH aI=AY aI3=AY+ER aI@=AY+AH aU=AW aU@=AW+ER OI=OY
    A@=AA+R A#=AA IR=ER VR=ER p=P b=B t=T t2=T t#=T d=D d#=D k=K g=G f=F v=V T=TH D=DH s=S z=Z S=SH Z=ZH
    h=HH m=M n=N N=NG l=L l#=L L=L r=R r-=R R=R w=W j=Y tS=CH dZ=JH x=K n-=AH+N m-=AH+M l-=AH+L ?= *=D
    C=HH Q=G B=B t̪=T ts=T+S
"""
PHONES: dict[str, list[str]] = {
    name: [phone for phone in phones.split("+") if phone]
    for name, _, phones in (pair.partition("=") for pair in _TABLE.split())
}


def load_dictionary(path: Path) -> dict[str, list[str]]:
    """Every word's pronunciations, the most usual first."""
    words: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry, _, phones = line.strip().partition(" ")
            words.setdefault(entry.partition("(")[0], []).append(phones.strip())
    return words


def in_dictionary(dictionary: dict[str, list[str]], word: str) -> list[str] | None:
    """The word's pronunciations; a foreign word's accents do not matter."""
    return dictionary.get(word) or dictionary.get(_without_accents(word))


def phones_of(mnemonics: str) -> str:
    """espeak's phonemes, apart by `_`, as phones of the acoustic model; unknown ones are left out."""
    phones: list[str] = []
    for mnemonic in re.split(r"[_\s]+", mnemonics):
        phones += _phones_of_one(mnemonic)
    return " ".join(phones) or "AH"


def _phones_of_one(mnemonic: str) -> list[str]:
    name = mnemonic.lstrip("',%=|")
    while name:
        if name in PHONES:
            return PHONES[name]
        name = name[:-1]
    return []


def _without_accents(word: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter)
    )
