"""Learners who hesitate, for the development of endpointing: how often, where and how long, drawn."""

from random import Random

from benchmarks.answers import Answer, Learner, Piece, Saying, read
from realtime.protocol.config import Level

LEARNERS, TURNS = 24, 10
VOICES = ("en-us", "en-us+f3", "en-us+m2")
LEVELS: tuple[Level, ...] = ("A1", "A2", "B1")
PACE_WPM: dict[Level, int] = {"A1": 110, "A2": 125, "B1": 145}
WORDS_A_PAUSE: dict[Level, int] = {"A1": 4, "A2": 6, "B1": 9}
USUAL_MS: dict[Level, tuple[int, int]] = {"A1": (550, 1100), "A2": (450, 950), "B1": (350, 750)}
SPREAD = 0.45  # of the logarithm of a pause around its speaker's usual one
SHORTEST_MS, LONGEST_MS = 300, 1500
MOST_PAUSES = 4
AT_A_STEP = 0.75  # of the pauses stand where what was said would do as an answer, if there is such a place
SHORT, LESSON = 0.35, 0.2  # of the turns
FILLERS = ("um", "uh", "er", "hmm", "well", "you know")
BEFORE, AFTER, AGAIN, FIRST = 0.25, 0.12, 0.1, 0.08


def learners(seed: int = 1) -> tuple[Learner, ...]:
    answers, random = read("answers.txt"), Random(seed)
    return tuple(_learner(answers, n, random) for n in range(LEARNERS))


def _learner(answers: tuple[Answer, ...], n: int, random: Random) -> Learner:
    level = LEVELS[n % len(LEVELS)]
    usual_ms = random.uniform(*USUAL_MS[level])
    sayings = tuple(_saying(_drawn(answers, random), level, usual_ms, random) for _ in range(TURNS))
    return Learner(level, VOICES[n // len(LEVELS) % len(VOICES)], PACE_WPM[level], sayings)


def _drawn(answers: tuple[Answer, ...], random: Random) -> Answer:
    kind = random.random()
    if kind < LESSON:
        return random.choice([one for one in answers if one.expected])
    free = [one for one in answers if not one.expected]
    short = [one for one in free if len(one.words) <= 4]
    return random.choice(short if kind < LESSON + SHORT else [one for one in free if one not in short])


def _saying(answer: Answer, level: Level, usual_ms: float, random: Random) -> Saying:
    def pause_ms() -> int:
        return round(min(LONGEST_MS, max(SHORTEST_MS, random.lognormvariate(0, SPREAD) * usual_ms)))

    words, pieces, begun = answer.words, list[Piece](), 0
    lead = ""
    if random.random() < FIRST:
        pieces.append(Piece(random.choice(FILLERS), pause_ms()))
    for place in _places(answer, level, random):
        said = [lead, *words[begun:place]]
        whole, lead, begun = place in answer.steps, "", place
        kind = random.random()
        if kind < BEFORE:
            said.append(random.choice(FILLERS))
            whole = False
        elif kind < BEFORE + AFTER:
            lead = random.choice(FILLERS)
        elif kind < BEFORE + AFTER + AGAIN:
            lead = words[place - 1]
        pieces.append(Piece(" ".join(said).strip(), pause_ms(), whole))
    pieces.append(Piece(f"{lead} {' '.join(words[begun:])}".strip()))
    return Saying(answer, tuple(pieces))


def _places(answer: Answer, level: Level, random: Random) -> list[int]:
    """After how many words the pauses are."""
    words = answer.words
    wanted = sum(random.random() < 1 / WORDS_A_PAUSE[level] for _ in words[1:])
    within = {n: 2 if len(words[n - 1]) <= 3 else 1 for n in range(1, len(words)) if n not in answer.steps}
    steps, places = sorted(answer.steps), set[int]()
    for _ in range(min(wanted, MOST_PAUSES)):
        if steps and (random.random() < AT_A_STEP or not within):
            places.add(random.choice(steps))
        elif within:
            places.add(random.choices(list(within), list(within.values()))[0])
    return sorted(places)
