"""Capitals for what was heard: the lesson's names, and "I". A recogniser of free speech writes its own."""

from collections.abc import Mapping
from dataclasses import replace

from realtime.talk.transcript import Transcript
from realtime.tutor.lesson import Lesson

FIRST_PERSON = {"i": "I", "i'm": "I'm", "i'd": "I'd", "i'll": "I'll", "i've": "I've"}


def capitals(lesson: Lesson | None) -> dict[str, str]:
    """By its small letters, each word that is written with a capital wherever it stands."""
    lists = lesson.slots.values() if lesson else ()
    written = (word for words in lists for value in words.values for word in value.split())
    return FIRST_PERSON | {word.lower(): word for word in written if word[0].isupper()}


def spelled(heard: Transcript, forms: Mapping[str, str]) -> Transcript:
    words = (replace(word, text=forms.get(word.text, word.text)) for word in heard.words)
    return replace(heard, words=tuple(words))
