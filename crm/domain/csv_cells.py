"""Cells of a CSV file that a spreadsheet opens; apps below this one write such files too."""

from kernel.cells import safe_cell

__all__ = ["safe_cell"]
