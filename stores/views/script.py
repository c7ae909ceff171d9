"""The script of a shop's site, `/patron.js`."""

from kernel.edges import EdgeAnswer, EdgeRequest
from kernel.scripts import Script, answer_script
from kernel.scripts import load_script as load

SOURCE = "src/patron.ts"


def serve_script(request: EdgeRequest) -> EdgeAnswer:
    """Answer with the script, packed for whoever can unpack it; 304 to whoever has it."""
    return answer_script(request, SOURCE)


def load_script() -> Script:
    """Return the script of this installation, read once."""
    return load(SOURCE)
