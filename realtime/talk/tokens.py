"""What a chat server counted."""

from typing import NamedTuple


class Tokens(NamedTuple):
    """Of one reply. `cached`: how many of those that it read it had kept from an earlier prompt."""

    read: int
    written: int
    cached: int = 0
