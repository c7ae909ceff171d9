"""Errors of this app."""

from kernel.errors import Invalid


class TemplateInvalid(Invalid):
    """MJML or Liquid that cannot be compiled; ``fields`` names the part."""

    code = "template_invalid"


class RenderError(Exception):
    """A template that cannot say its piece to one person, such as for a missing variable."""


class TokenInvalid(Exception):
    """An address that was not made by this installation."""


class WritingUnavailable(Exception):
    """No proposal came back from the writing help; the text is for people."""


class BrandInvalid(Invalid):
    """A part of the brand that is refused; ``fields`` names it."""

    code = "brand_invalid"
