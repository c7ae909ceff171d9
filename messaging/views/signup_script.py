"""The scripts of a shop's site beside `/patron.js`: forms, push, and the worker of push."""

from kernel.edges import EdgeAnswer, EdgeRequest
from kernel.scripts import answer_script


def serve_forms_script(request: EdgeRequest) -> EdgeAnswer:
    """Answer with what draws sign-up forms, `/forms.js`."""
    return answer_script(request, "src/forms.ts")


def serve_push_script(request: EdgeRequest) -> EdgeAnswer:
    """Answer with what asks for push messages, `/push.js`."""
    return answer_script(request, "src/push.ts")


def serve_push_worker(request: EdgeRequest) -> EdgeAnswer:
    """Answer with what shows push messages, `/push-worker.js`."""
    return answer_script(request, "src/push-worker.ts")
