"""Errors of the inbound edge."""


class PullRefused(Exception):
    """The platform will not answer before a person changed something; the text says what."""


class PullUnavailable(Exception):
    """The platform does not answer now; asking again later may help. The text is for people."""


class PullBusy(Exception):
    """The platform asks for patience.

    Attributes:
        seconds: how long it says to wait.
        reason: for people, without a full stop.
    """

    def __init__(self, seconds: float, reason: str = "The shop asks for patience") -> None:
        super().__init__(f"asked to wait {seconds:.0f} s")
        self.seconds = seconds
        self.reason = reason


class LeaseLost(Exception):
    """Another worker took a pull over, or somebody ended it: nothing of this page is kept."""


class Untranslatable(Exception):
    """A delivery that cannot be read; the text says why, for people."""
