"""Take the pictures of README.md: the app, served from the released artifacts, in Chromium.

    python -m docs.screenshots                writes docs/images/*.png
    python -m docs.screenshots --out FOLDER

Needs requirements-dev.txt and Debian's chromium. Each picture stays under 300 kB, with 256 colours
where it would not otherwise.
"""

import argparse
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from mammo.artifacts import artifacts_folder
from tests.browser.conftest import CHROMIUM, OPTIONS, PATIENCE_MS, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"
EXAMPLE = "P_00820 L CC mass 1"
LARGEST = 300_000


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="(default: %(default)s)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(artifacts_folder(), Path(folder) / "log") as server,
        sync_playwright() as client,
    ):
        browser = client.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1250})
        page.set_default_timeout(PATIENCE_MS)
        save(upload_and_classify(page, server.address), options.out / "upload-and-classify.png")
        browser.close()


def upload_and_classify(page: "Page", address: str) -> bytes:
    """Show the malignant example with both answers, and return the picture as PNG."""
    page.goto(f"{address}/Upload_and_classify?example={quote(EXAMPLE)}")
    page.get_by_role("button", name="I understand").click()
    expect(page.get_by_test_id("stMetricValue")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE_MS)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # figures fade in
    return page.screenshot(animations="disabled")


def save(content: bytes, path: Path) -> None:
    """Write a picture as small as PNG can, if need be with fewer colours.

    Raises
    ------
    ValueError
        It is still larger than a README should load.
    """
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{path} has {size:,} bytes, more than {LARGEST:,}: show less.")
    print(f"{path}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
