"""What every page loads stays small; charts come later and apart."""

import gzip
import json
from pathlib import Path

import pytest
from django.conf import settings

DIST = Path(settings.BASE_DIR) / "static" / "dist"
LIMIT = 60_000
BUILDER_LIMIT = 30_000
"""What the page that builds segments loads on top of that."""
FLOWS_LIMIT = 170_000
"""What the page that builds flows loads on top of that, React with it."""
SCRIPT_LIMIT = 6_000
"""Of each script that runs on the shops' own pages."""


def test_script_and_style_of_a_page_stay_small_and_bring_no_charts() -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    main = manifest["src/main.ts"]
    files = [main["file"], *main["css"], manifest["src/theme.ts"]["file"]]

    assert sum(len(gzip.compress((DIST / file).read_bytes())) for file in files) < LIMIT
    assert main.get("imports", []) == []
    assert main["dynamicImports"] == ["src/charts.ts"]


def test_the_builder_of_segments_stays_small_and_is_loaded_by_its_page_alone() -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    builder = manifest["src/builder.ts"]
    files = [builder["file"], *builder["css"]]

    assert sum(len(gzip.compress((DIST / file).read_bytes())) for file in files) < BUILDER_LIMIT
    assert builder.get("imports", []) == []


def test_the_builder_of_flows_stays_small_and_brings_nothing_to_other_pages() -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    builder = manifest["src/flow_builder.tsx"]
    files = [builder["file"], *builder["css"]]

    assert sum(len(gzip.compress((DIST / file).read_bytes())) for file in files) < FLOWS_LIMIT
    shared = {
        name for entry in manifest.values() if entry != builder for name in entry.get("imports", [])
    }
    assert "src/flow_builder.tsx" not in shared


@pytest.mark.parametrize("source", ["patron", "forms", "push", "push-worker"])
def test_the_scripts_of_a_shops_site_are_small_and_stand_alone(source: str) -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    script = manifest[f"src/{source}.ts"]
    built = (DIST / script["file"]).read_bytes()

    assert len(gzip.compress(built)) < SCRIPT_LIMIT
    assert "imports" not in script
    assert "dynamicImports" not in script
    assert built.startswith(b"(()=>{")
