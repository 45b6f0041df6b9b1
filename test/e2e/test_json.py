"""--json: every line has the fields that doc/json.md says of its kind, all of them and no others, and their values are what their names say."""

import json
import re
import time

import pytest

from harness import host, objects, wal
from test_status import BASE, Place
from test_verify import store_segments, store_wal

MIB = wal.MIB
ALONE = {"PGPORT": "1"}  # no server listens there, whatever else runs on this machine
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
NUMBERS = {"timeline", "start_timeline", "stop_timeline", "recovery_timeline", "server_version", "latest_timeline", "stray_timeline", "parent", "exit_code", "last_exit_code", "ratio", "bytes_per_second"}  # neither counts nor measures
UNITS = re.compile(r"(^|_)(s|ms|milliseconds|minutes|hours|size|kib|mib|age|duration|at|since|stored|date)$")


def tree(names):
    """Of "archive.gaps[].first" {"archive": {"gaps[]": {"first": None}}}; None: a value."""
    made = {}
    for name in names:
        *directories, last = name.split(".")
        place = made
        for directory in directories:
            place = place.setdefault(directory, {})
        assert last not in place, f"{name} is documented twice"
        place[last] = None
    return made


def documented():
    """{(command, kind): its table's first kind, the fields as a tree}."""
    found = {}
    for section in (host.ROOT / "doc/json.md").read_text().split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        for table in re.findall(r"^\| field \| \|\n\| --- \| --- \|\n((?:\|.*\n?)+)", section, re.M):
            rows = [row.split("|", 2)[1:] for row in table.splitlines()]
            names = [name for names, _ in rows for name in re.findall(r"`([^`]+)`", names)]
            kinds = re.findall(r"`([^`]+)`", rows[0][1])
            assert names[0] == "kind" and kinds, f"{heading}: a table begins with its kinds"
            for command in heading.split(", "):
                for kind in kinds:
                    assert (command, kind) not in found, f"{command} has two tables of {kind}"
                    found[command, kind] = kinds[0], tree(names)
    return found


DOCUMENTED = documented()


def check_value(name, value):
    """What the name promises; null is always right."""
    assert not UNITS.search(name), f"{name}: no suffix of doc/json.md"
    if value is None or isinstance(value, bool):
        assert value is None or not re.search(r"(_time|_seconds|bytes)$", name), name
    elif name == "time" or name.endswith("_time"):
        assert TIME.fullmatch(value), (name, value)
    elif name.endswith("_seconds"):
        assert isinstance(value, (int, float)), (name, value)
    elif isinstance(value, str):
        assert value and not name.endswith("bytes") and not TIME.fullmatch(value), (name, value)
    else:
        assert name.endswith("s") and isinstance(value, int) or name in NUMBERS, (name, value)


class Checker:
    """Compares lines with the documentation, and notes of what there was something to compare."""

    def __init__(self):
        self.seen = set()

    def object(self, value, fields, where):
        wanted = {name for name in fields if not name.endswith("[]")}
        assert set(value) == wanted, f"{where}: {sorted(set(value) ^ wanted)}"
        for name, each in value.items():
            if isinstance(each, dict):
                self.object(each, fields[name], f"{where}.{name}")
            elif isinstance(each, list):
                for item in each:
                    if isinstance(item, str) and fields[name] is None:
                        continue
                    self.object(item, fields[f"{name}[]"], f"{where}.{name}[]")
            else:
                assert fields[name] is None, f"{where}.{name} is not an object"
                check_value(name, each)
            if each is not None and each != []:
                self.seen.add(f"{where}.{name}")

    def lines(self, command, result, code, headings=()):
        """What one call printed. headings: under which its kinds are documented, if not its own."""
        assert result.code == code, result
        lines = [json.loads(line) for line in result.out.decode().splitlines()]
        assert lines, result
        for line in lines:
            assert next(iter(line)) == "kind", line
            [heading] = [each for each in headings or (command,) if (each, line["kind"]) in DOCUMENTED] or [None]
            assert heading, f"{command}: {line['kind']} is not documented"
            first, fields = DOCUMENTED[heading, line["kind"]]
            self.object(line, fields, f"{heading}: {first}")
        return lines


@pytest.fixture
def place(dir_site, data_dir, control_file):
    """A cluster with a gap and a branch in its archive, a base backup under way, and a segment that waits."""
    dir_site.system_id = control_file[0]
    made = Place(dir_site, data_dir, control_file)
    made.push(0, 1, 3)
    made.add(4, "ready", age=60)
    store_wal(dir_site, "00000002.history", f"1\t0/{(BASE + 3) * MIB + 96:X}\tno recovery target specified\n".encode())
    store_segments(dir_site, [BASE + 3, BASE + 4], timeline=2)
    name = made.path(1).name
    store_wal(dir_site, f"{name}.00000028.backup", wal.backup_label(name))
    store_wal(dir_site, f"{name}.partial", wal.segment(dir_site.system_id, name, MIB))
    dir_site.store.put("other/thing", b"12345")
    label = time.strftime("%Y%m%dT%H%M%SZ-full", time.gmtime(time.time() - 60))
    dir_site.store.put(f"{dir_site.system_id}/backup/{label}/begun", b"of a base backup that is under way")
    dir_site.store.put(f"{dir_site.system_id}/dump/{label.replace('full', 'dump')}/begun", b"of a dump that is under way")
    streamed = wal.segment_name(1, BASE + 9, MIB)
    dir_site.store.put(f"{dir_site.system_id}/stream/{streamed[:16]}/{streamed}/00000000-00010000", b"a part of a segment")
    return made


def damage(site):
    """One segment that cannot be opened, one of another key, one header that breaks off, and one object that is not encrypted."""
    name = wal.object_name(site.system_id, wal.segment_name(2, BASE + 6, MIB))
    site.store.put(name, objects.make_object(wal.segment(site.system_id, name[-24:], MIB), name, b"k" * 32))
    store_segments(site, [BASE + 5], timeline=2)
    last = wal.object_name(site.system_id, wal.segment_name(2, BASE + 5, MIB))
    site.store.put(last, site.store.get(last)[:-1])
    name = wal.object_name(site.system_id, wal.segment_name(1, BASE + 1, MIB) + ".00000050.backup")
    site.store.put(name, b"WALSHIP")
    name = wal.object_name(site.system_id, wal.segment_name(1, BASE + 1, MIB) + ".00000060.backup")
    site.store.put(name, objects.make_object(b"START WAL LOCATION", name))


def look_at_repository(check, site):
    listed = check.lines("list", site.run("list", "--json"), 0)
    assert {line["kind"] for line in listed} == {kind for command, kind in DOCUMENTED if command == "list"} - {"drill"}  # test_drill.py
    check.lines("info", site.run("info", "--json"), 0)
    check.lines("verify", site.run("verify", "--json"), 6)
    check.lines("check", site.run("check", "--json", env=ALONE), 0)
    check.lines("check", site.run("check", "--server", "--json", env=ALONE), 3)
    [apart] = check.lines("status", site.run("status", "--json", "--system-id", site.system_id), 0)
    assert {value for part in ("disk", "server", "backlog", "pushes") for value in apart[part].values()} == {None}
    damage(site)
    check.lines("verify --read", site.run("verify", "--read", "--json"), 4, ["verify", "verify --read"])
    lines = check.lines("key list", site.run("key", "list", "--json"), 4)
    assert {line["kind"] for line in lines} >= {"unencrypted_total", "damaged_total", "foreign_total"}


def look_at_server(check, place):
    site, data = place.site, ("--pg-data", place.data)
    check.lines("status", site.run("status", "--json", *data), 2)
    [lacking, _] = check.lines("backfill", site.run("backfill", "--dry-run", "--json", *data), 0)
    assert lacking["result"] == "lacking"
    content = wal.switched(site.system_id, place.path(4).name, MIB)
    host.USER.write(place.path(4), content[:MIB // 2], 0o600)
    site.run("push", place.path(4)).expect(4, ".")
    check.lines("status", site.run("status", "--json", *data), 2)
    [failed, _] = check.lines("backfill", site.run("backfill", "--json", *data), 4)
    assert failed["result"] == "failed" and failed["error"]
    host.USER.write(place.path(4), content, 0o600)
    [pushed, total] = check.lines("backfill", site.run("backfill", "--json", *data), 0)
    assert pushed["result"] == "pushed" and pushed["error"] is None and total["pushed_files"] == 1
    site.store.go_away()
    [gone] = check.lines("status", site.run("status", "--json", *data), 3)
    archive = gone["archive"]
    assert archive.pop("reachable") is False and archive.pop("error") and set(archive.values()) == {None}
    site.store.come_back()


def look_at_schedule(check, place):
    """verify is due, and fails in this archive."""
    site, args = place.site, ("--json", "--pg-data", place.data)
    site.walship.configure(verify_at="* * * * *", expire_at="0 2 30 2 *")
    listed = check.lines("schedule --list", site.run("schedule", "--list", "--json"), 0, ["schedule --list"])
    assert [(line["task"], len(line["next_times"])) for line in listed] == [("expire", 0), ("verify", 5)]
    site.run("run-due", *args).expect(0)
    [note] = (site.directory / "spool").glob("schedule-[0-9]*")
    host.USER.write(note, re.sub(r"(?m)^since \d+$", f"since {int(time.time()) - 300}", note.read_text()), 0o600)
    [ran] = check.lines("run-due", site.run("run-due", *args), 3, ["run-due"])
    [line] = check.lines("status", site.run("status", *args), 2)
    assert [(task["task"], task["failures"], task["late"]) for task in line["schedule"]] == [("expire", 0, False), ("verify", 1, False)]
    assert (ran["task"], ran["result"]) == ("verify", "failed") and "exited with code" in ran["error"]
    site.walship.configure(verify_at=None, expire_at=None)


def look_at_configuration(check, site):
    secret = "not-to-be-shown"
    site.walship.secrets.append(secret.encode())
    site.walship.configure(s3_key_secret=secret, pg_conninfo=f"host=db password={secret}")
    lines = check.lines("config", site.run("config", "--json"), 0)
    found = {line["option"]: (line["value"], line["source"]) for line in lines}
    assert found["s3-key-secret"][0] is None and found["s3-key-secret"][1].startswith(f"{site.walship.conf}:")
    assert found["pg-conninfo"][0] is None and found["pg-conninfo"][1].startswith(f"{site.walship.conf}:")
    assert found["push-timeout"][0] == "10s" and found["system-id"] == (None, None) and found["compress"][1] == "default"
    # The same as the text, line by line.
    text = re.findall(r"^(?:; )?(\S+)(?: += (.*?)   ; (.*)| +is not set)$", site.run("config").expect(0).out.decode(), re.M)
    assert text == [(line["option"], line["value"] or (line["source"] and "(hidden)") or "", line["source"] or "") for line in lines]
    site.walship.configure(s3_key_secret=None, pg_conninfo=None)
    given = json.dumps({"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": secret, "SessionToken": "token",
                        "Expiration": "2126-11-21T05:36:16Z"})
    script = host.USER.write(site.directory / "give", f"#!/bin/sh\ncat <<'END'\n{given}\nEND\n", 0o700)
    profile = host.USER.write(site.directory / "profile", f"[default]\ncredential_process = {script}\n", 0o600)
    for env in ({"AWS_CONFIG_FILE": str(profile)}, {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": secret}):
        [line] = check.lines("config", site.run("config", "--credentials", "--json", "--repo", "s3://bucket", env=env), 0, ["config --credentials"])
        assert line["access_key"] == "AKIA" and line["temporary"] == (line["expires_time"] == "2126-11-21T05:36:16Z")


# What no archive of a test shows: a rate takes minutes, a key's own objects are seen elsewhere, storage classes in test_vanishing.py,
# minimal WAL in test_verify.py, and timelines that go astray in test_timeline.py.
NEVER_SEEN = {"status: status.schedule[].succeeded_time",  # test_schedule.py
              "status: status.disk.full_in_seconds", "status: status.pushes.notified_time",
              "info: cluster.windows[].archived_last", "verify: cluster.windows[].archived_last",
              "info: cluster.minimal", "verify: cluster.minimal", "info: cluster.left_out_last", "verify: cluster.left_out_last"}


# test_backup_list.py and the tests of restore compare these.
OF_BASE_BACKUPS = re.compile(r"^backup|^restore|: base_backup|: read_backups|\.base_backups\b|^status: status\.backup\.|"
                             r"^list: segment\.(label|part)$|^info --at: |_commit_time$")

# test_stream.py, test_drill.py and test_mirror.py compare these.
OF_OTHERS = re.compile(r": status\.(stream\.|drill\.|mirrors)")

# test_dump_care.py compares these.
OF_DUMPS = re.compile(r"^dump|\.dumps\b|: status\.dump\.|: expire_dump|: expire\.(unfinished_)?dumps")


def wanted():
    """Every field that is documented."""
    def fields(where, of):
        for name, below in of.items():
            if not name.endswith("[]"):
                yield f"{where}.{name}"
            if below:
                yield from fields(f"{where}.{name}", below)
    return {name for (heading, _), (first, of) in DOCUMENTED.items() for name in fields(f"{heading}: {first}", of)}


@pytest.mark.heart
def test_every_line_is_as_documented(place):
    """And every field that is documented was seen with a value, but for a few."""
    check = Checker()
    look_at_repository(check, place.site)
    look_at_server(check, place)
    look_at_schedule(check, place)
    look_at_configuration(check, place.site)

    # The tests of undelete, expire, mirror and drill look at theirs.
    unseen = {name for name in wanted() - check.seen if not OF_BASE_BACKUPS.search(name) and not OF_DUMPS.search(name)
              and not OF_OTHERS.search(name)}
    assert {name for name in unseen if not name.startswith(("undelete: ", "expire: ", "mirror: ", "drill: ", "drill list: "))} == NEVER_SEEN


def test_every_json_is_documented():
    flags = (host.ROOT / "src/cli/flags.def").read_text()
    commands = set(re.findall(r'^FLAG\("([^"]+)", "json",', flags, re.M))
    assert commands == {re.sub(r" --.*", "", command) for command, _ in DOCUMENTED} and len(commands) >= 8
