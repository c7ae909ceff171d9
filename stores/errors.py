"""Errors of the inbound edge."""


class Untranslatable(Exception):
    """A delivery that cannot be read; the text says why, for people."""
