"""Reads settings from the environment, so that a bad value is told by its name."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = ("true", "on", "ok", "y", "yes", "1"), ("false", "off", "n", "no", "0")
KINDS = {int: "a whole number", float: "a number"}


class Environment(environ.Env):  # type: ignore[misc] # the package brings no types
    """django-environ that takes nothing for true or false by mistake.

    A variable that is set to nothing counts as not set, as a copied `.env.example` has it.
    """

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = environ.Env.NOTSET,
        parse_default: bool = False,  # noqa: FBT001, FBT002 the signature of the package
    ) -> Any:
        """Return one value.

        Raises:
            ImproperlyConfigured: it cannot be read as what is wanted; the text names it.
        """
        raw = str(self.ENVIRON.get(var, "")).strip()
        if not raw and default is not environ.Env.NOTSET:
            return default
        if cast is bool and raw.lower() not in (*TRUE, *FALSE):
            raise ImproperlyConfigured(f"{var} is {raw!r}: write true or false")
        try:
            return super().get_value(var, cast, default, parse_default)
        except (TypeError, ValueError) as exc:
            raise ImproperlyConfigured(f"{var} is {raw!r}: write {KINDS[cast]}") from exc

    def choice(self, var: str, default: str, allowed: Collection[str]) -> str:
        """Return one of the allowed words, in capitals.

        Raises:
            ImproperlyConfigured: it is another word.
        """
        word = str(self.str(var, default=default)).upper()
        if word not in allowed:
            raise ImproperlyConfigured(f"{var} is {word!r}: write one of {', '.join(allowed)}")
        return word

    def count(self, var: str, default: int) -> int:
        """Return a whole number that is not negative.

        Raises:
            ImproperlyConfigured: it is something else.
        """
        number = int(self.int(var, default=default))
        if number < 0:
            raise ImproperlyConfigured(f"{var} is {number}: write 0 or more")
        return number

    def address(self, var: str, default: str, schemes: Collection[str]) -> str:
        """Return the address of a server, without telling the password in it to anyone.

        Raises:
            ImproperlyConfigured: the scheme is another one, or host or port cannot be read.
        """
        value = str(self.str(var, default=default))
        try:
            parts = urlsplit(value)
            is_right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right:
            words = ", ".join(f"{scheme}://" for scheme in schemes)
            raise ImproperlyConfigured(f"{var} is no address of its kind: begin with {words}")
        return value
