"""The page of walship report in Chromium: three widths, light and dark, on paper; no message in the console, nothing that axe objects to.

AXE names axe.js, which test/browser fetches. REPORT_SHOTS names a directory for screenshots.
"""

import base64
import os
from pathlib import Path

import pytest
from selenium import webdriver

from harness import host
from harness.made_backups import Backups, copy_manifests

AXE = Path(os.environ["AXE"]).read_text()
SHOTS = os.environ.get("REPORT_SHOTS")
BACKUPS = int(os.environ.get("REPORT_BACKUPS") or 10_000)
AUDIT = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations));"


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options)
    yield driver
    driver.quit()


@pytest.fixture
def page(dir_site, scratch):
    """Of a cluster with two timelines, a gap, a backup whose index is missing, a dump, drills that failed, and 10,000 older backups."""
    place = scratch.directory("page")
    with dir_site.primary() as primary:
        primary.start()
        backups = Backups(dir_site, primary)
        backups.make("full")
        lost = backups.make("diff")["label"]
        label = backups.make("full")["label"]
        for number in range(4):
            primary.sql(f"create table t{number} as select generate_series(1, 1000)")
            primary.archive_all()
        wrong = host.USER.write(dir_site.directory / "wrong.sql", "select 1 / 0;")
        drill = ("drill", "--pg-data", primary.data, "--drill-dir", host.USER.mkdir(dir_site.directory / "drills"))
        dir_site.run(*drill).expect(0)
        dir_site.run(*drill, "--sql", wrong).expect(4, "division by zero")
        dir_site.run(*drill, "--pg-bindir", dir_site.directory).expect(5, "programs of PostgreSQL", "pg-bindir")
        recovered = backups.restored(label)
        recovered.configure(archive_mode="on", archive_command=dir_site.walship.command("push", "%p")).start(wait=False)
        recovered.wait_promoted()
        recovered.archive_all()
        recovered.stop()
        dir_site.run("dump", "postgres", cwd=primary.data).expect(0)
        backups.make("incr")
        copy_manifests(dir_site, backups.system_id, backups.read(label).manifest, BACKUPS)
        names = dir_site.store.list()
        dir_site.store.delete([name for name in names if "/wal/" in name and len(name.rsplit("/", 1)[1]) == 24][4])
        dir_site.store.delete(f"{backups.system_id}/backup/{lost}/index/00000001")
        dir_site.run("report", place / "page.html", cwd=primary.data, timeout=600).expect(0)
        dir_site.run("report", place / "empty.html", "--repo", f"file://{host.USER.mkdir(place / 'none')}", cwd=place).expect(0)
    text = (place / "page.html").read_text()
    for lane in ("Timeline 2", "Dumps", "Drills"):
        assert f">{lane}</text>" in text
    assert (place / "page.html").stat().st_size < 500_000
    return place


def show(browser, path, width, scheme):
    browser.set_window_size(width, 900)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.get(f"file://{path}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page(browser, page, scheme):
    for name in ("page", "empty"):
        for width in (360, 800, 1400):
            show(browser, page / f"{name}.html", width, scheme)
            assert browser.get_log("browser") == []
            size = browser.execute_script("return [document.scrollingElement.scrollWidth, innerWidth, document.title]")
            assert size[0] <= size[1] == width and size[2].startswith("Backups in"), size
            if SHOTS:
                shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
                Path(f"{SHOTS}/{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
            browser.execute_script(AXE)
            wrong = browser.execute_async_script(AUDIT)
            assert wrong == [], "\n".join(f"{each['id']}: {each['nodes'][0]['html'][:300]}" for each in wrong)
    assert len(browser.print_page()) > 10_000
