"""Forms of English words, as far as corrections need them: of verbs, and of adjectives compared.

The tables hold the words that learners use. A form that is not in them is not known, and nothing is guessed
from a word's ending: "need" is no past, "every" no comparative.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Form = Literal["base", "third", "past", "participle", "gerund"]


@dataclass(frozen=True, slots=True)
class Verb:
    base: str
    third: str
    past: str
    participle: str
    gerund: str


_REGULAR = """
accept achieve add admire admit advise agree allow answer appear apply argue arrive ask assist attend avoid
bake believe belong book borrow breathe brush call cancel care carry celebrate change charge chat check
choose clean climb close collect compare complain complete consist contain continue control cook correct
cost count cover cross cry cycle dance decide deliver depend describe design destroy develop die disagree
discover discuss dislike dream dress earn employ enjoy enter exercise exist expect explain express fail fill
finish fish fix follow graduate greet guess happen hate help hope hunt hurry identify imagine improve
include increase influence inform invent invite join joke jump kick kill kiss knock last laugh learn lie
like listen live look love manage marry matter mean measure mention mind miss mix motivate move need notice
obtain offer open order organise organize own paint park participate pass perform phone plan play practice
practise prefer prepare prepare present prevent produce promise pronounce protect prove provide pull push
rain reach realise realize receive recognise recognize recommend record reduce refuse relax remember remind
rent repair repeat reply request require rescue respect rest retire return save scream seem separate serve
share shave shop shout show shower sign ski sleep smile smoke snow sound spell start stay step stop study
suffer suggest support surf surprise survive talk taste thank touch train translate travel treat trust try
turn type use visit wait walk want warn wash waste watch weigh wish wonder work worry
"""

# Base, past and participle; the other forms follow from the base.
_IRREGULAR = """
be was been; beat beat beaten; become became become; begin began begun; bite bit bitten; blow blew blown;
break broke broken; bring brought brought; build built built; buy bought bought; catch caught caught; choose
chose chosen; come came come; cost cost cost; cut cut cut; do did done; draw drew drawn; dream dreamed
dreamed; drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed fed; feel felt
felt; fight fought fought; find found found; fly flew flown; forget forgot forgotten; forgive forgave
forgiven; get got got; give gave given; go went gone; grow grew grown; have had had; hear heard heard; hide
hid hidden; hit hit hit; hold held held; hurt hurt hurt; keep kept kept; know knew known; lead led led;
learn learned learned; leave left left; lend lent lent; let let let; lie lay lain; lose lost lost; make made
made; mean meant meant; meet met met; pay paid paid; put put put; read read read; ride rode ridden; ring
rang rung; run ran run; say said said; see saw seen; sell sold sold; send sent sent; shake shook shaken;
show showed shown; shut shut shut; sing sang sung; sit sat sat; sleep slept slept; speak spoke spoken; spend
spent spent; stand stood stood; steal stole stolen; swim swam swum; take took taken; teach taught taught;
tear tore torn; tell told told; think thought thought; throw threw thrown; understand understood understood;
wake woke woken; wear wore worn; win won won; write wrote written
"""

_DOUBLED = re.compile(r"(?:.*[^aeiou])?[aeiou][bdgklmnprt]")
_STRESSED_LAST = ("admit", "begin", "control", "forget", "prefer")
_THIRD = {"be": "is", "have": "has"}


def _third(base: str) -> str:
    if base in _THIRD:
        return _THIRD[base]
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ies"
    return base + ("es" if re.search(r"(?:s|x|z|ch|sh|o)$", base) else "s")


def _is_doubled(base: str) -> bool:
    """One short stressed vowel before the last consonant: stop, stopping."""
    one_syllable = len(re.findall(r"[aeiouy]+", base)) == 1
    return bool(_DOUBLED.fullmatch(base)) and (one_syllable or base in _STRESSED_LAST)


def _gerund(base: str) -> str:
    if base.endswith("ie"):
        return f"{base[:-2]}ying"
    if base.endswith("e") and not base.endswith(("ee", "oe")) and base != "be":
        return f"{base[:-1]}ing"
    return f"{base}{base[-1]}ing" if _is_doubled(base) else f"{base}ing"


def _regular_past(base: str) -> str:
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ied"
    if base.endswith("e"):
        return f"{base}d"
    return f"{base}{base[-1]}ed" if _is_doubled(base) else f"{base}ed"


def _verbs() -> Iterable[Verb]:
    for base in _REGULAR.split():
        past = _regular_past(base)
        yield Verb(base, _third(base), past, past, _gerund(base))
    for row in _IRREGULAR.split(";"):
        base, past, participle = row.split()
        yield Verb(base, _third(base), past, participle, _gerund(base))


VERBS = {verb.base: verb for verb in _verbs()}
_FORMS: tuple[Form, ...] = ("base", "third", "past", "participle", "gerund")
# Who has more than one form: learned and learnt.
_ALSO = {"learnt": "learn", "dreamt": "dream", "spelt": "spell"}


def _read_forms() -> dict[str, tuple[Verb, Form]]:
    """What each form is a form of. The more frequent reading comes first: "came" is a past, "come" a base."""
    read: dict[str, tuple[Verb, Form]] = {}
    for form in _FORMS:
        for verb in VERBS.values():
            read.setdefault(getattr(verb, form), (verb, form))
    read |= {form: (VERBS[base], "past") for form, base in _ALSO.items()}
    read |= {"am": (VERBS["be"], "base"), "are": (VERBS["be"], "base"), "were": (VERBS["be"], "past")}
    return read | {"'m": read["am"], "'re": read["are"], "'s": read["is"], "'ve": read["have"]}


_OF_FORM = _read_forms()


def forms(form: Form) -> tuple[str, ...]:
    """That form of every verb."""
    also = tuple(_ALSO) if form == "past" else ()
    return (*dict.fromkeys(getattr(verb, form) for verb in VERBS.values()), *also)


def verb_in(word: str, form: Form) -> str:
    """A verb, given in any form, in this one."""
    return getattr(_OF_FORM[word][0], form)


def like_verb(base: str, word: str, perfect: bool = False) -> str:
    """`base` in the form that `word` has; where that is a past or a participle, `perfect` tells which."""
    verb, form = _OF_FORM[word]
    if form == "past" and perfect and verb.past == verb.participle:
        form = "participle"
    return getattr(VERBS[base], form)


_SHORT = """
big bright broad cheap clean clear close cold cool dark deep dry fast fat fit great hard high hot kind large
late long loud low near new nice old poor quick rich sad safe short slow small smart soft strange strong
sweet tall thick thin tidy tight tough warm weak wet wide wild young busy crazy dirty early easy funny happy
healthy heavy hungry lazy lucky noisy pretty scary sunny ugly
"""
_COMPARED = {
    "good": ("better", "best"),
    "bad": ("worse", "worst"),
    "far": ("further", "furthest"),
    "little": ("less", "least"),
}
_DOUBLED_ADJECTIVES = ("big", "fat", "fit", "hot", "sad", "thin", "wet")


def _compared(adjective: str) -> tuple[str, str]:
    if adjective.endswith("y"):
        stem = f"{adjective[:-1]}i"
    elif adjective.endswith("e"):
        stem = adjective[:-1]
    else:
        stem = adjective + (adjective[-1] if adjective in _DOUBLED_ADJECTIVES else "")
    return f"{stem}er", f"{stem}est"


COMPARED = {adjective: _compared(adjective) for adjective in _SHORT.split()} | _COMPARED


def comparative(adjective: str) -> str:
    return COMPARED[adjective][0]


def superlative(adjective: str) -> str:
    return COMPARED[adjective][1]
