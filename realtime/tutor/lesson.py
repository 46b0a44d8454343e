"""A guided lesson as a value: what the tutor says, what a learner may answer, and what becomes of it."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from realtime.tutor.spoken import as_spoken, in_full, plain

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=240)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Slots = Mapping[str, str | None]

OFFERED = 40  # values of a slot that the recogniser is told of
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


class Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Both(Written):
    """The same in both languages."""

    en: Text
    es: Text

    def by_language(self) -> dict[str, str]:
        return {"en": self.en, "es": self.es}


class WordList(Written):
    """What may fill a slot. `open`: words that are not in the list may fill it too, and stay unknown.

    The recogniser is offered `values`; `also` is understood when a recogniser of free speech hears it.
    """

    kind: Both
    open: bool = False
    values: tuple[Text, ...] = Field(min_length=2, max_length=OFFERED)
    also: tuple[Text, ...] = ()

    @property
    def example(self) -> str:
        return self.values[0]

    @cached_property
    def written(self) -> dict[tuple[str, ...], str]:
        """By its plain words, each value as the tutor writes it."""
        return {plain(value): value for value in reversed((*self.values, *self.also))}

    @cached_property
    def longest(self) -> int:
        return max(len(words) for words in self.written)


class Mistake(Written):
    """What learners say, how it is said, and why (one line in each language)."""

    said: Text
    better: Text
    en: Text
    es: Text

    def note(self) -> dict[str, str]:
        return {"en": self.en, "es": self.es}


class Step(Written):
    """One exchange. `react` is what the tutor says of a right answer before the next question.

    With `scenes` the learner chooses here how the lesson goes on: the right answers by the scene that each
    leads to. A step with a `scene` is taken in that one only.
    """

    id: Name
    scene: Name | None = None
    say: Both
    scenes: dict[Name, tuple[Text, ...]] = {}
    right: tuple[Text, ...] = Field(min_length=3, max_length=12)
    mistakes: tuple[Mistake, ...] = Field(min_length=1, max_length=5)
    hint: Both
    react: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _right_by_scene(cls, written: Any) -> Any:
        """Each answer is written once: with its scene."""
        if not isinstance(written, dict) or "scenes" not in written:
            return cast(Any, written)
        step = cast(dict[str, Any], written)
        if "right" in step:
            raise ValueError("has `scenes`: its right answers are theirs, so there is no `right`")
        scenes = cast(dict[str, Any], step["scenes"]) if isinstance(step["scenes"], dict) else {}
        right = [
            text for texts in scenes.values() if isinstance(texts, list) for text in cast(list[Any], texts)
        ]
        return {**step, "right": right}

    def scene_after(self, answer: str | None) -> str | None:
        """Where one of the right answers leads. Who gives none is taken to the first scene."""
        first = next(iter(self.scenes), None)
        return next((scene for scene, right in self.scenes.items() if answer in right), first)

    @property
    def question(self) -> str:
        """The end of the line, which asks; what goes before sets the scene and is said once."""
        return sentences(self.say.en)[-1]


class Lesson(Written):
    """`topic` completes "Let's go on with ..."; `slots` names the word list that fills each slot."""

    id: Name
    level: Literal["A1", "A2", "B1"]
    title: Both
    aim: Both
    topic: Text
    opening: Both
    steps: tuple[Step, ...] = Field(min_length=2, max_length=16)
    end: Both
    vocabulary: tuple[Both, ...] = Field(min_length=3, max_length=30)
    slots: dict[Name, WordList] = {}

    @cached_property
    def choice(self) -> int | None:
        """The place of the step where the learner chooses a scene; those before it are everybody's."""
        return next((at for at, step in enumerate(self.steps) if step.scenes), None)

    @cached_property
    def scenes(self) -> tuple[str, ...]:
        return tuple(self.steps[self.choice].scenes) if self.choice is not None else ()

    def path(self, scene: str | None) -> tuple[Step, ...]:
        """The steps that are taken in a scene. Up to the choice every path is the same."""
        return tuple(step for step in self.steps if step.scene in (None, scene))

    def length(self, scene: str | None) -> int:
        """Of a learner's path, in steps; as long as none is chosen, of the longest."""
        return max(len(self.path(one)) for one in ((scene,) if scene else self.scenes or (None,)))


def sentences(text: str) -> list[str]:
    return re.findall(r"\S[^.?!]*(?:[.?!]+|$)", text)


def slots_in(text: str) -> tuple[str, ...]:
    return tuple(_SLOT.findall(text))


def unguarded_slots(line: str) -> tuple[str, ...]:
    """Slots outside a choice: the tutor would have to say a word that it may not know."""
    return slots_in(_CHOICE.sub(lambda choice: choice[2], line))


def fill(line: str, slots: Slots) -> str:
    """`[with {slot}|without]` becomes the first when all its slots are known, else the second."""

    def choose(choice: re.Match[str]) -> str:
        known = all(slots.get(name) for name in slots_in(choice[1]))
        return choice[1] if known else choice[2]

    filled = _SLOT.sub(lambda slot: slots.get(slot[1]) or "", _CHOICE.sub(choose, line))
    return filled[:1].upper() + filled[1:]


def fill_example(sentence: str, lesson: Lesson, slots: Slots) -> tuple[str, bool]:
    """The sentence with its slots filled, and whether a word had to be taken from the list as an example."""
    names = slots_in(sentence)
    words = {name: slots.get(name) or lesson.slots[name].example for name in names}
    return fill(sentence, words), any(not slots.get(name) for name in names)


def expand(sentence: str, lesson: Lesson) -> tuple[str, ...]:
    """As the recogniser is told of it: once for each value that its slot is offered with."""
    names = slots_in(sentence)
    if not names:
        return (as_spoken(sentence),)
    return tuple(as_spoken(fill(sentence, {names[0]: value})) for value in lesson.slots[names[0]].values)


def spoken_out(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(in_full(sentence) for sentence in said)
