"""Cells of a CSV file that a spreadsheet opens."""

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet takes for a formula.

    Text that begins like one gets an apostrophe; numbers stay as they are, also negative ones.
    """
    text = "" if value is None else str(value)
    if isinstance(value, int | float) or _is_number(text):
        return text
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()
