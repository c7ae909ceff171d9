"""The script that draws sign-up forms on a shop's site, `/forms.js`."""

from kernel.edges import EdgeAnswer, EdgeRequest
from kernel.scripts import answer_script

SOURCE = "src/forms.ts"


def serve_forms_script(request: EdgeRequest) -> EdgeAnswer:
    """Answer with the script, packed for whoever can unpack it; 304 to whoever has it."""
    return answer_script(request, SOURCE)
