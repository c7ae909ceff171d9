"""Rules that a service refused by, shown at the fields that are to blame."""

from django import forms

from kernel.errors import DomainError


def add_problem(form: forms.Form, problem: DomainError) -> None:
    """Show what a service refused: at its fields, or above them all where none is to blame."""
    known = {name: text for name, text in problem.fields.items() if name in form.fields}
    if not known:
        form.add_error(None, problem.detail)
    for name, text in known.items():
        form.add_error(name, text)
