"""What every page loads stays small; charts come later and apart."""

import gzip
import json
from pathlib import Path

from django.conf import settings

DIST = Path(settings.BASE_DIR) / "static" / "dist"
LIMIT = 60_000


def test_script_and_style_of_a_page_stay_small_and_bring_no_charts() -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    main = manifest["src/main.ts"]
    files = [main["file"], *main["css"], manifest["src/theme.ts"]["file"]]

    assert sum(len(gzip.compress((DIST / file).read_bytes())) for file in files) < LIMIT
    assert main.get("imports", []) == []
    assert main["dynamicImports"] == ["src/charts.ts"]
