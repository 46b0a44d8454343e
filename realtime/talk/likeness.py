"""Whether what a microphone heard is what the tutor was saying: an echo, as a recogniser writes it."""

import re
from difflib import SequenceMatcher

ALIKE = 0.7  # of the letters heard: recognisers mishear a voice out of a loudspeaker
RUN = 4  # letters and spaces in a row: fewer are alike by chance


def echoes(heard: str, said: str) -> bool:
    """Whether most of `heard` lies in `said`, in its order."""
    heard, said = _plain(heard), _plain(said)
    if not heard or not said:
        return False
    runs = SequenceMatcher(None, heard, said, autojunk=False).get_matching_blocks()
    long_enough = min(RUN, len(heard))
    return sum(run.size for run in runs if run.size >= long_enough) >= ALIKE * len(heard)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))
