"""What walship shows and says of base backups: backup list, keep, remove, info, verify, list."""

import json
import re
import time

import pytest

import test_json


@pytest.fixture
def backed_up(site):
    """(site, primary, labels): a full, a differential and an incremental backup of a running server."""
    with site.primary() as primary:
        site.walship.configure(pg_conninfo=primary.connection_string())
        primary.start()
        labels = []
        for number, kind in enumerate(("full", "diff", "incr")):
            primary.sql(f"create table t{number} as select generate_series(1, 1000) as id")
            site.run("backup", kind, cwd=primary.data).expect(0)
            labels.append(listed(site)[-1]["label"])
        primary.archive_all()
        site.system_id = primary.system_id()
        yield site, primary, labels


def listed(site):
    return [json.loads(line) for line in site.run("backup", "list", "--json").expect(0).out.splitlines()]


def cluster(site, *args):
    result = site.run("verify", "--json", *args)
    return result, json.loads(result.out.splitlines()[-1])


def of(site, label, part):
    return f"{site.system_id}/backup/{label}/{part}"


def test_a_backup_is_shown(backed_up):
    site, primary, (full, diff, incr) = backed_up
    known = listed(site)
    assert [each["label"] for each in known] == [full, diff, incr]
    assert [each["type"] for each in known] == ["full", "diff", "incr"]
    assert [[need["label"] for need in each["needs"]] for each in known] == [[], [full], [full, diff]]
    assert all(each["kind"] == "base_backup" and each["complete"] and not each["pinned"] and each["error"] is None for each in known)
    assert all(each["system_id"] == str(site.system_id) and each["start_timeline"] == 1 for each in known)
    for each in known:
        data = [name for name in site.store.list() if name.startswith(of(site, each["label"], "data/"))]
        assert each["stored_bytes"] == sum(len(site.store.get(name)) for name in data)
        assert primary.sql(f"select '{each['start_lsn']}'::pg_lsn < '{each['stop_lsn']}'::pg_lsn") == "t"
    text = site.run("backup", "list").expect(0).out.decode().splitlines()
    assert text[0] == f"cluster {site.system_id}" and len(text) == 4
    assert re.fullmatch(rf"base backup {incr}: \S+ MiB, \S+ \S+ stored, ended \S+ after \d+ s, WAL from \S+ to \S+ on timeline 1, "
                        rf"needs {full} {diff}", text[3])
    assert site.run("info").expect(0).out.decode().splitlines()[-3:] == text[1:]
    info = json.loads(site.run("info", "--json").expect(0).out)
    for each, line in zip(info["base_backups"], known, strict=True):
        assert {name: each[name] for name in set(line) - {"kind", "system_id"}} == \
               {name: value for name, value in line.items() if name not in ("kind", "system_id")}
        assert each["restorable"] is each["faults"] is each["recovery_end_lsn"] is None
    lines = [json.loads(line) for line in site.run("list", "--json").expect(0).out.splitlines()]
    manifest = next(line for line in lines if line["object"] == of(site, incr, "manifest"))
    assert (manifest["kind"], manifest["label"], manifest["part"]) == ("base_backup", incr, "manifest")
    assert {line["kind"] for line in lines} <= {"base_backup", "segment", "backup"}


    shown = json.loads(site.run("cat", of(site, incr, "manifest")).expect(0).out)
    assert (shown["kind"], shown["label"], shown["needs"]) == ("walship backup", incr, [full, diff])
    assert b"\tPG_VERSION\n" in site.run("cat", of(site, full, "index/00000001")).expect(0).out
    site.run("cat", of(site, full, "data/00000001")).expect(255, "a pack has no content of its own", "walship restore")
    site.run("cat", of(site, full, "index/00000009")).expect(1, "no such object", "walship list")
    text = site.run("status", cwd=primary.data).expect(0).out.decode()
    assert f"✓ backup   the newest is {incr}, " in text and f"; the newest full one is {full}, " in text
    time.sleep(1.1)  # ages have whole seconds
    late = site.run("status", "--json", "--status-backup-warning=1ms", cwd=primary.data)
    status = json.loads(late.out)
    assert (late.code, status["checks"][-1]["name"], status["checks"][-1]["status"]) == (1, "backup", "WARNING")
    assert (status["backup"]["newest_label"], status["backup"]["full_label"], status["backup"]["wrong_pages"]) == (incr, full, 0)
    apart = json.loads(site.run("status", "--json", "--system-id", str(site.system_id)).expect(0).out)
    assert {name: apart["backup"][name] for name in apart["backup"] if not name.endswith("seconds")} == \
           {name: status["backup"][name] for name in status["backup"] if not name.endswith("seconds")}
    metrics = site.run("status", "--prometheus", cwd=primary.data).expect(0).out.decode()
    assert re.search(r"^walship_newest_full_backup_age_seconds\{.*\} \d+$", metrics, re.M) and "walship_backup_wrong_pages{" in metrics


def test_a_backup_may_be_expected(dir_site):
    """Without any, status is content unless an option says that backups are made with walship."""
    with dir_site.primary() as primary:
        primary.start().archive_all()
        site = dir_site
        assert "– backup   not checked" in site.run("status", cwd=primary.data).expect(0).out.decode()
        text = site.run("status", "--status-backup-full-warning=25h", cwd=primary.data).expect(2).out.decode()
        assert "walship CRITICAL: the repository has no base backup of this cluster" in text and "hint: make one: walship backup full" in text


def test_every_line_is_as_documented(backed_up):
    """With every field that test_json.py leaves to this test."""
    site, primary, (full, diff, incr) = backed_up
    check = test_json.Checker()
    check.lines("list", site.run("list", "--json"), 0)
    check.lines("backup", site.run("backup", "incr", "--json", cwd=primary.data), 0)
    check.lines("status", site.run("status", "--json", cwd=primary.data), 0)
    primary.archive_all()
    check.lines("verify", site.run("verify", "--json"), 0)
    check.lines("verify --read", site.run("verify", "--read", "--json"), 0, ["verify", "verify --read"])
    newest = listed(site)[-1]["label"]
    manifest = of(site, newest, "manifest")
    content = site.store.get(manifest)
    site.store.delete(manifest)
    site.store.put(manifest, content[:-1])
    check.lines("backup list", site.run("backup", "list", "--json"), 4)
    check.lines("info", site.run("info", "--json"), 0)
    check.lines("verify", site.run("verify", "--json"), 4)
    check.lines("status", site.run("status", "--json", cwd=primary.data), 1)
    # The tests of restore look at theirs, and at those of info --at.
    elsewhere = re.compile(r"^restore|^info --at: |_commit_time$")
    missing = {name for name in test_json.wanted() - check.seen if test_json.OF_BASE_BACKUPS.search(name) and not elsewhere.search(name)}
    # info does not judge; pages with wrong checksums are in the tests of backups.
    assert {name for name in missing if not re.search(r"^info: .*(restorable|reason|faults|archived_objects|recovery_\w+)$", name)} == \
           {"status: status.backup.wrong_pages_label"}


def test_verify_says_what_can_be_restored(backed_up):
    site, primary, (full, diff, incr) = backed_up
    result, found = cluster(site)
    result.expect(0)
    assert [each["restorable"] for each in found["base_backups"]] == [True] * 3
    for each in found["base_backups"]:
        assert (each["recovery_timeline"], each["recovery_end_lsn"]) == (1, found["windows"][0]["end_lsn"])
        assert each["reason"] is None and each["faults"] == 0
    assert f"✓ base backup {incr} can be restored" in site.run("verify").expect(0).out.decode()

    pack = of(site, full, "data/00000001")
    content = site.store.get(pack)
    site.store.delete(pack)
    result, found = cluster(site)
    result.expect(6, "base backups that cannot be restored: 3", "make a new full backup")
    assert [each["restorable"] for each in found["base_backups"]] == [False] * 3
    assert {each["reason"] for each in found["base_backups"]} == {f"{pack} is missing"}
    site.store.put(pack, content[:-1])
    result, found = cluster(site)
    result.expect(4, "damaged base backups: 3")
    assert found["base_backups"][2]["reason"] == f"{pack} has {len(content) - 1} bytes, not {len(content)}"
    site.store.delete(pack)
    site.store.put(pack, content)

    manifest = of(site, incr, "manifest")
    content = site.store.get(manifest)
    site.store.delete(manifest)
    site.store.put(manifest, content[:-5])
    result, found = cluster(site)
    result.expect(4, "damaged base backups: 1")
    assert [each["restorable"] for each in found["base_backups"]] == [True, True, False]
    assert [each["error"] is None for each in found["base_backups"]] == [True, True, False]
    assert f"base backup {incr}: {manifest}: " in site.run("info").expect(0).out.decode()
    site.run("backup", "list").expect(4, "1 manifest cannot be opened")
    site.store.delete(manifest)
    assert f"– base backup {incr} is not finished" in site.run("verify").expect(0).out.decode()
    site.store.put(manifest, content)

    # WAL that all of them need in order to become consistent, or one alone.
    wal = [name for name in site.store.list() if re.search(r"/[0-9A-F]{24}$", name)]
    start = next(name for name in wal if name.endswith(primary.sql(f"select pg_walfile_name('{listed(site)[1]['start_lsn']}')")))
    site.store.delete(start)
    result, found = cluster(site)
    assert result.code == 6
    assert found["base_backups"][1]["restorable"] is False and "the WAL from" in found["base_backups"][1]["reason"]
    assert found["base_backups"][2]["restorable"] is True


def test_verify_reads_packs(backed_up):
    """Each frame: what no name shows. A run does not read again what an earlier one has read, unless it was damaged."""
    site, primary, (full, diff, incr) = backed_up
    needed = [name for name in site.store.list() if re.search(r"/(data|index|hashes|packs)/", name)]

    def read(*args):
        result = site.run("verify", "--read", "--json", *args)
        lines = [json.loads(line) for line in result.out.splitlines()]
        [totals] = [line for line in lines if line["kind"] == "read_backups"]
        return result, totals, lines[-1]["base_backups"], [line["object"] for line in lines if line["kind"] == "damaged"]

    pack = of(site, full, "data/00000001")
    content = site.store.get(pack)

    def put(data):
        site.store.delete(pack)
        site.store.put(pack, data)
        time.sleep(1.1)  # times have whole seconds: a note counts for what was stored before the run began

    middle = len(content) // 2
    put(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])
    site.run("verify").expect(0)
    result, totals, backups, damaged = read()
    result.expect(4, "damaged base backups: 3")
    assert damaged == [pack] and (totals["objects"], totals["damaged_objects"]) == (len(needed), 1)
    assert [each["reason"] for each in backups] == [f"{pack} cannot be read"] * 3
    put(content)
    own = [name for name in needed if f"/{full}/" in name]
    result, totals, backups, damaged = read()
    result.expect(0)
    assert (totals["objects"], totals["remembered_objects"]) == (len(own), len(needed) - len(own)) and damaged == []
    assert all(each["restorable"] for each in backups)
    assert read()[1]["objects"] == 0
    time.sleep(1.1)
    assert read("--again", "1ms")[1]["objects"] == len(needed)
    # An object that is newer than the note is read again; it is whole, but not what the table of packs says.
    put(site.store.get(of(site, diff, "data/00000001")))
    result, totals, backups, damaged = read()
    assert result.code == 4 and damaged == [pack] and totals["objects"] == len(own)


def test_keep_and_remove(backed_up):
    site, primary, (full, diff, incr) = backed_up
    others = [name for name in site.store.list() if f"/{diff}/" not in name and f"/{incr}/" not in name]
    site.run("backup", "remove", full, cwd=primary.data).expect(4, f"{full}: base backup {diff} and 1 more need this one")
    site.run("backup", "keep", incr, "--system-id", str(site.system_id)).expect(0)
    assert [each["pinned"] for each in listed(site)] == [False, False, True]
    site.run("backup", "remove", incr, cwd=primary.data).expect(4, "this backup is kept", "--release")
    site.run("backup", "remove", diff, cwd=primary.data).expect(4, f"base backup {incr} needs this one")
    site.run("backup", "keep", incr, "--release", cwd=primary.data).expect(0)
    assert f"removed base backup {incr}" in site.run("backup", "remove", incr, cwd=primary.data).expect(0).out.decode()
    site.run("backup", "remove", diff, cwd=primary.data).expect(0)
    assert site.store.list() == others
    assert [each["label"] for each in listed(site)] == [full]
    site.run("verify").expect(0)
    site.run("backup", "remove", diff, cwd=primary.data).expect(2, "has no base backup", "backup list")
    site.run("backup", "remove", full).expect(2, "system identifier is not known")


def test_another_key(backed_up):
    """Backups that need a key that is not configured are named, and hide nothing."""
    site, primary, labels = backed_up
    other = site.directory / "other.key"
    site.run("keygen", str(other)).expect(0)
    site.walship.configure(cipher_key_file=other)
    result = site.run("backup", "list", "--json").expect(4, "3 manifests cannot be opened")
    assert [json.loads(line)["label"] for line in result.out.splitlines()] == labels
    assert all("which is not configured" in json.loads(line)["error"] for line in result.out.splitlines())
    site.run("verify").expect(4, "a key that is not configured")
    counted = [json.loads(line) for line in site.run("key", "list", "--json").out.splitlines()]
    assert sum(line.get("objects", 0) for line in counted if line["kind"] == "key") == len(site.store.list())
