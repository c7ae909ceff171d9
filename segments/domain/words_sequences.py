"""Conditions on the order in which things happened, in words."""

from segments.domain.sequences import EdgeLeaf, FunnelLeaf, Sequence, Step
from segments.domain.words_dates import speak_many
from segments.domain.words_happenings import speak_tests, speak_window

_DAY_HOURS = 24


def describe_sequence(leaf: Sequence) -> str:
    """Say one condition."""
    match leaf:
        case FunnelLeaf():
            return _describe_funnel(leaf)
        case EdgeLeaf():
            which = "First" if leaf.is_first else "Most recent"
            window = speak_window(leaf.window)
            tests = speak_tests(leaf.tests)
            was = "" if leaf.window.yearly else " was"
            when = f"{was}{window}" if window else ""
            return (
                f"{which} “{leaf.name}”{tests}{when}" if tests or when else f"Has a “{leaf.name}”"
            )


def _describe_funnel(leaf: FunnelLeaf) -> str:
    steps = ", then ".join(_step(step) for step in leaf.steps)
    if leaf.absent is not None:
        steps += f", then not {_step(leaf.absent)}"
    window = speak_window(leaf.window)
    begun = f", begun{window}" if window else ""
    return f"{steps}, within {_span(leaf.hours)}{begun}"


def _step(step: Step) -> str:
    return f"“{step.name}”{speak_tests(step.tests)}"


def _span(hours: int) -> str:
    days, rest = divmod(hours, _DAY_HOURS)
    return speak_many(hours, "hour") if rest or not days else speak_many(days, "day")
