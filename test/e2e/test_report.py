"""walship report: the page of a real repository, and of a repository with all that can be wrong with one."""

import os
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness import host
from harness.made_backups import Backups, copy_manifests

VOID = {"meta", "link", "br"}
PAGE_MAX = 500_000


class Page(HTMLParser):
    """The text of a page. Fails on markup that does not nest, and on anything that the page would have to fetch."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.data, self.open, self.texts, self.tags = data, [], [], []
        self.feed(data.decode())
        self.close()
        assert not self.open, f"not closed: {self.open}"
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attributes):
        assert tag != "script" and not any(name.startswith("on") for name, _ in attributes), tag
        for name, value in attributes:
            assert name not in ("href", "src") or value == "data:,", value
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    def has(self, *texts):
        for text in texts:
            assert text in self.text, f"{text!r} is not in: {self.text}"

    def lacks(self, *texts):
        for text in texts:
            assert text not in self.text, f"{text!r} is in: {self.text}"


def page_of(site, *args, **kwargs):
    done = site.run("report", *args, **kwargs).expect(0)
    assert len(done.out) < PAGE_MAX
    return Page(done.out)


@pytest.fixture
def reported(dir_site):
    with dir_site.primary() as primary:
        primary.start()
        backups = Backups(dir_site, primary)
        yield dir_site, primary, backups


def archive_some(primary, count=3):
    for number in range(count):
        primary.sql(f"create table if not exists t as select 1; insert into t select generate_series(1, {number + 10})")
        primary.archive_all()


def test_a_sound_repository(reported):
    site, primary, backups = reported
    full, diff = (backups.make(kind)["label"] for kind in ("full", "diff"))
    primary.sql("select pg_sleep(1.1)")  # a backup's end is known to the second
    archive_some(primary)
    site.run("dump", "postgres", cwd=primary.data, timeout=120).expect(0)
    page = page_of(site, cwd=primary.data)
    assert page.data.count(b'class="dump"') == 1 and b">Drills</text>" not in page.data
    page.has("Dumps", "globals, postgres", "No recovery has been rehearsed")
    page.has("Nothing that this page looks at.", f"Cluster {backups.system_id}", "Recovery can go to any moment from",
             f"(the end of {full} )", "(the last commit) on timeline 1", "If the server were lost now", full, diff, "can be restored",
             "Checks of the server", "archive OK")
    page.lacks("base backup of cluster", "CRITICAL", "No base backup", "unknown")
    assert page.data.startswith(b"<!doctype html>") and ("html", {"lang": "en"}) in page.tags


def test_what_is_wrong(reported):
    site, primary, backups = reported
    full = backups.make("full")["label"]
    archive_some(primary, 4)
    wal = [name for name in site.store.list() if "/wal/" in name and len(name.rsplit("/", 1)[1]) == 24]
    site.store.delete(wal[-2])
    page = page_of(site, cwd=primary.data)
    page.has("lacks 1 WAL segment in 1 gap", "where a gap follows", Path(wal[-2]).name)
    drills = host.USER.mkdir(site.directory / "drills", 0o700)
    assert site.run("drill", "--drill-dir", drills, cwd=primary.data, timeout=120).code == 6
    page = page_of(site, cwd=primary.data)
    page.has("The newest drill of cluster", "failed :", "Lost (RPO)")
    assert b">Drills</text>" in page.data and b'class="drill"' not in page.data
    data = next(name for name in site.store.list() if f"/{full}/data/" in name)
    site.store.delete(data)
    page = page_of(site, cwd=primary.data)
    page.has("has no base backup that can be restored", "1 base backup of cluster", f"{data} is missing", "WAL alone is stored")


def test_without_a_server(reported, scratch):
    """From another machine, and into a file; an empty repository; a repository's name is never markup."""
    site, primary, backups = reported
    backups.make("full")
    archive_some(primary, 1)
    site.walship.configure(pg_conninfo=None)
    target = scratch.directory("page") / "page.html"
    done = site.run("report", target, cwd=target.parent).expect(0)
    assert done.out == b"" and oct(target.stat().st_mode)[-3:] == "644"
    Page(target.read_bytes()).has("Recovery can go to", "The checks of the server are missing")
    site.walship.configure(report_file=target.parent / "other.html")
    site.run("report", cwd=target.parent).expect(0)
    assert (target.parent / "other.html").exists()
    site.run("report", target.parent / "none/page.html", cwd=target.parent).expect(5, "none/page.html")
    hostile = host.USER.mkdir(scratch.directory("x") / "a<b>&\"'")
    site.walship.configure(report_file=None)
    page = page_of(site, "--repo", f"file://{hostile}", cwd=target.parent)
    page.has("The repository is empty.", "The checks of the server are missing", "a<b>&\"'")


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.full)])
def test_thousands_of_backups(reported, count):
    site, primary, backups = reported
    label = backups.make("full")["label"]
    archive_some(primary, 1)
    copy_manifests(site, backups.system_id, backups.read(label).manifest, count)
    begun = time.monotonic()
    page = page_of(site, cwd=primary.data, timeout=600)
    print(f"{count} backups: {len(page.data)} bytes, {time.monotonic() - begun:.1f} s")
    page.has(f"The repository has {count + 1} backups. This table shows the newest 100.", "99 base backups of cluster", label)
    assert sum(tag == "path" for tag, _ in page.tags) < 20


def test_each_scheduled_run_writes_it(reported, scratch):
    site, primary, _ = reported
    target = scratch.directory("page") / "page.html"
    site.walship.configure(report_file=target, backup_full="@weekly")
    site.run("run-due", cwd=primary.data, timeout=180).expect(0)
    Page(target.read_bytes()).has("can be restored")
    os.remove(target)
    site.run("run-due", cwd=primary.data, timeout=60).expect(0)
    assert not target.exists()
