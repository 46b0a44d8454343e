"""What Whisper is told before it listens: text already settled, and what a lesson expects."""

from collections.abc import Callable, Sequence

MOST_TOKENS = 223  # half of the decoder's context, less the token that opens it
# CTranslate2 decodes together only what starts at the same place. Few lengths make few batches.
LENGTHS = (12, 24, 48, 96, MOST_TOKENS)

Encode = Callable[[str], list[int]]


def bias(prompt: str, expected: Sequence[str], encode: Encode) -> list[int]:
    """Tokens before the start of the transcript: of one of the LENGTHS, or fewer than the first of them.

    What was said stands last, where it weighs most; the first of `expected` that fit stand before it. The
    beginning is cut to a length that depends on this learner alone, and on nobody else in the batch.
    """
    said = encode(" " + prompt.strip())[-MOST_TOKENS:] if prompt.strip() else []
    hints: list[int] = []
    for sentence in expected:
        tokens = encode(" " + sentence.strip())
        if len(hints) + len(tokens) + len(said) > MOST_TOKENS:
            break
        hints += tokens
    tokens = hints + said
    length = max((length for length in LENGTHS if length <= len(tokens)), default=len(tokens))
    return tokens[len(tokens) - length :]
