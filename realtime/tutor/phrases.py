"""What a learner may say at any time, and the tutor's own phrases around a lesson's lines."""

from typing import Literal

from realtime.tutor.spoken import plain

Control = Literal["repeat", "explain", "help", "skip", "hello", "goodbye", "yes", "no"]

# The first OFFERED_OF_EACH are told to the recogniser; the rest is understood when free speech is heard.
OFFERED_OF_EACH = 3
CONTROLS: dict[Control, tuple[str, ...]] = {
    "repeat": (
        "repeat please", "can you repeat that please", "say that again please", "again please", "pardon",
        "can you say that again", "could you repeat that", "could you say that again",
        "one more time please", "can you repeat", "sorry can you repeat that", "what did you say",
        "slower please", "more slowly please", "sorry", "what", "one more time",
    ),
    "explain": (
        "i don't understand", "sorry i don't understand", "what does that mean", "i didn't understand",
        "i do not understand the question", "i don't understand the question", "i don't understand you",
        "what do you mean",
    ),
    "help": (
        "help me please", "can you help me", "i don't know", "help", "i need help", "could you help me",
        "i don't know what to say", "what can i say", "what do i say", "give me a hint", "hint please",
        "i need a hint", "how do i say that",
    ),
    "skip": (
        "next question please", "let's go on", "skip this question please", "next please", "next question",
        "skip", "let's continue", "another question please",
    ),
    "hello": ("hello", "good morning", "hi", "hi there", "good afternoon", "good evening", "hey"),
    "goodbye": (
        "goodbye", "see you later", "i have to go now", "bye bye", "see you", "see you soon",
        "i have to go", "i want to stop", "let's stop",
    ),
    "yes": ("yes", "yes please", "yes i do", "of course", "sure", "okay", "yes i am", "yes i would"),
    "no": ("no", "no thank you", "no i don't", "no i'm not", "not now"),
}  # fmt: skip
AGAIN = (
    "yes", "yes please", "again please", "start again please", "let's start again", "yes let's start again",
    "okay",
)  # fmt: skip

PRAISES = ("Good.", "Very good.", "Well said.", "Great.", "Nice.", "Perfect.")

# Courtesies and small words around an answer; they may stand before or after it, not inside. "No" is none: it
# changes what is said.
COURTESIES = frozenset(
    plain(text)
    for text in (
        "hello", "hi", "hey", "good morning", "good afternoon", "good evening", "yes", "okay", "sure",
        "right", "of course", "sorry", "excuse me", "pardon me", "thank you", "thank you very much",
        "thank you so much", "so", "well", "then", "now", "and", "but", "sir", "madam", "ma'am", "miss",
        "my friend", "today", "too", "great", "good", "very good", "perfect", "all right", "i think",
        "i see", "let me see", "let me think", "you know", "like",
    )
)  # fmt: skip
OPENERS_ONLY = frozenset(
    plain(text)
    for text in ("yes", "and", "but", "so", "well", "i think", "like", "let me see", "let me think")
)

# Words that English does not have; half of an answer in these is an answer in Spanish.
SPANISH = frozenset(
    plain("""
    que el la los las un una unos por para con sin pero porque como cuando donde quien cual esta este
    esto eso ese es son soy eres somos estoy estas estamos tengo tienes tiene quiero quieres quiere
    puedo puede puedes hay muy mas menos tambien hola buenos buenas dias tardes noches gracias favor
    adios si yo tu ella nosotros mi su sus de del al en y o lo le les se nos te hablar hablo espanol
    ingles entiendo dice decir gusta gustaria ayer hoy manana ahora aqui alli casa trabajo cafe leche
    agua tiempo nada todo algo vale bueno bien mal
    """)
)


def is_spanish(words: tuple[str, ...]) -> bool:
    return len(words) >= 2 and 2 * sum(word in SPANISH for word in words) > len(words)


def control_in(words: tuple[str, ...]) -> Control | None:
    return _BY_WORDS.get(words)


def offered_controls() -> tuple[str, ...]:
    return tuple(phrase for phrases in CONTROLS.values() for phrase in phrases[:OFFERED_OF_EACH])


_BY_WORDS: dict[tuple[str, ...], Control] = {
    plain(phrase): control for control, phrases in CONTROLS.items() for phrase in phrases
}
