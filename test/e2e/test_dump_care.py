"""What else knows of dumps: list, info, cat, key list, verify, mirror, expire, the schedule and status."""

import json
import os
import time

import pytest

from harness import host
from harness.dumps import Dumps, dumped_server
from harness.openmetrics import parse
import test_json


@pytest.fixture(scope="module")
def source(scratch):
    with dumped_server(scratch.directory()) as server:
        yield server


@pytest.fixture(scope="module")
def check():
    """Notes which documented fields of JSON the tests of this file have seen; the last test asks for all."""
    return test_json.Checker()


def lines(done, code=0):
    done.expect(code)
    return [json.loads(line) for line in done.out.splitlines()]


def test_is_known(dir_site, source, check):
    site, dumps = dir_site, Dumps(dir_site, source)
    made, = check.lines("dump", site.run("dump", "app", "--json"), 0)
    label, system_id = made["label"], made["system_id"]
    listed = check.lines("list", site.run("list", "--json"), 0)
    assert {each["kind"] for each in listed} == {"dump"} and {each["part"] for each in listed} == {"begun", "data", "manifest"}
    assert {(each["label"], each["system_id"]) for each in listed} == {(label, system_id)}
    info, = check.lines("info", site.run("info", "--json"), 0)
    assert check.lines("dump list", site.run("dump", "list", "--json"), 0) == [made]
    assert [each["label"] for each in info["dumps"]] == [label] and info["dumps"][0]["whole"] is None
    assert info["dumps"][0]["databases"] == made["databases"]
    assert f"dump {label}: 1 database, ".encode() in site.run("info").out
    assert f"dump {label}: 1 database, ".encode() in site.run("dump", "list").out
    verified, = check.lines("verify", site.run("verify", "--json"), 0)
    assert verified["dumps"][0]["whole"] is True and verified["dumps"][0]["faults"] == 0
    assert f"✓ dump {label}: whole".encode() in site.run("verify", "--read").out
    manifest = json.loads(site.run("cat", f"{system_id}/dump/{label}/manifest").out)
    assert manifest["kind"] == "walship dump"
    site.run("cat", f"{system_id}/dump/{label}/data/00000001").expect(255, "several objects", "walship dump get")
    keys = lines(site.run("key", "list", "--json"))
    assert [each["objects"] for each in keys if each["kind"] == "key"] == [len(listed)]
    copy = host.USER.mkdir(site.directory / "copy", 0o700)
    conf = host.USER.write(site.directory / "copy.conf", f"repo = file://{copy}\ncipher-key-file = {site.walship.key_file}\n", 0o600)
    site.run("mirror", conf, "--read").expect(0)
    genuine = dumps.get(label, "app")
    site.store.delete(f"{system_id}/dump/{label}/data/00000002")
    assert f"✗ dump {label}: 1 object is missing".encode() in site.run("verify").expect(6, "1 dump is not whole", "mirror").out
    got = site.run(argv=[str(site.walship.program), "--config", str(conf), "dump", "get", label, "app"])
    assert got.code == 0 and got.out == genuine


def age(site, label, seconds):
    """As if the dump had been stored that long ago."""
    for name in site.store.list():
        if f"/dump/{label}/" in name:
            os.utime(site.store.path / name, (time.time() - seconds,) * 2)


def test_expire(dir_site, source, check):
    """retention-dump and retention-dump-days, of which the generous one wins; leftovers; the newest stays."""
    site, dumps = dir_site, Dumps(dir_site, source)
    site.walship.configure(dump_globals="no")
    labels = [dumps.make("postgres")["label"] for _ in range(4)]
    for days, label in zip((40, 20, 5, 2), labels):
        age(site, label, days * 86400)
    left = f"{source.system_id()}/dump/20200101T000000Z-dump/begun"
    site.store.put(left, b"x")
    young = f"{source.system_id()}/dump/20200102T000000Z-dump/data/00000001"
    site.store.put(young, b"x")
    os.utime(site.store.path / left, (0, 0))
    site.run("expire").expect(2, "no retention option is set", "retention-dump")
    site.walship.configure(retention_dump="1", retention_dump_days="10")
    shown = check.lines("expire", site.run("expire", "--dry-run", "--json"), 0)
    kept = {each["label"]: each["reasons"] for each in shown if each["kind"] == "expire_dump"}
    assert kept == {"20200101T000000Z-dump": [], "20200102T000000Z-dump": ["under_way"], labels[0]: [], labels[1]: [],
                    labels[2]: ["retention_dump_days"], labels[3]: ["newest", "retention_dump", "retention_dump_days"]}
    assert dumps.labels() == labels and shown[-1]["dumps"] == 2 and shown[-1]["unfinished_dumps"] == 1
    assert lines(site.run("expire", "--json"))[-1]["dumps"] == 2
    assert dumps.labels() == labels[2:]
    assert left not in site.store.list() and young in site.store.list()
    assert not any(labels[0] in name or labels[1] in name for name in site.store.list())
    age(site, labels[2], 30 * 86400)
    age(site, labels[3], 30 * 86400)
    site.walship.configure(retention_dump=None)
    site.run("expire").expect(0)
    assert dumps.labels() == labels[3:]
    dumps.get(labels[3], "postgres")
    manifest = f"{source.system_id()}/dump/{labels[3]}/manifest"
    site.store.put(manifest, site.store.get(manifest)[:-1])
    check.lines("dump list", site.run("dump", "list", "--json"), 4)
    check.lines("info", site.run("info", "--json"), 0)
    check.lines("verify", site.run("verify", "--json"), 4)
    site.run("dump", "get", labels[3], "postgres").expect(4, f"{manifest}: ", None)


def test_schedule_and_status(dir_site, source, check):
    """The first dump comes by itself, the next one at its time; status has its age, and misses it. No data directory is named."""
    site, dumps = dir_site, Dumps(dir_site, source)
    site.walship.configure(dump_at="@daily", dump_database="postgres")

    def status(code):
        found, = check.lines("status", site.run("status", "--json"), code)
        return next(each for each in found["checks"] if each["name"] == "dump"), found
    dump, _ = status(2)
    assert dump["status"] == "CRITICAL" and "has no dump" in dump["text"]
    run, = lines(site.run("run-due", "--json"))
    assert (run["task"], run["result"]) == ("dump", "ok")
    label, = dumps.labels()
    assert lines(site.run("run-due", "--json")) == []
    dump, found = status(0)
    assert dump["status"] == "OK" and label in dump["text"] and found["dump"]["newest_label"] == label
    assert found["growth"]["dump_bytes"] == sum(len(site.store.get(name)) for name in site.store.list() if f"/dump/{label}/" in name)
    metrics = parse(site.run("status", "--prometheus").out.decode())
    assert any(name.startswith("walship_newest_dump_age_seconds") for name in metrics)
    task, = found["schedule"]
    assert task["task"] == "dump" and task["succeeded_time"] is not None and not task["late"]
    # What was killed stays until expire removes it: one may be running, two are a fault.
    for count in (1, 2):
        site.store.put(f"{source.system_id()}/dump/2050010{count}T000000Z-dump/begun", b"of a dump that was killed")
        dump, found = status(0 if count == 1 else 1)
        assert found["dump"]["unfinished_dumps"] == count and found["dump"]["newest_label"] == label
    assert dump["status"] == "WARNING" and "2 dumps began after the newest one" in dump["text"] and "expire" in dump["hint"]
    for count in (1, 2):
        site.store.delete(f"{source.system_id()}/dump/2050010{count}T000000Z-dump/begun")
    age(site, label, 3 * 86400)
    dump, _ = status(2)
    assert dump["status"] == "CRITICAL" and "3 d" in dump["text"]
    source.stop()
    assert site.run("status", "--json").code == 2  # the spool knows the cluster
    source.start()


def test_every_field_was_seen(check):
    """Of JSON: each field that test_json.py leaves to this file. info does not judge."""
    missing = {name for name in test_json.wanted() - check.seen if test_json.OF_DUMPS.search(name)}
    unjudged = ("info: cluster.dumps[].whole", "info: cluster.dumps[].faults", "info: cluster.dumps[].archived_objects")
    assert missing == {*unjudged, "dump: dump.error"}
