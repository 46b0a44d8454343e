"""Why Bark does not start, or not speak with a voice: said before anything is made, not heard as noise."""


class BadModel(Exception):
    """The folder's weights or vocabulary are not Bark's, or not all of them."""


class BadVoice(Exception):
    """There is no such voice, or it is not fit to be spoken with."""
