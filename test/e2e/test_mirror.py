"""walship mirror: copies of a repository that are true wherever they were cut off, and recovery from them alone."""

import json
import os
import pty
import random
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from harness import extent, host, proxy, store, wal, walship
from harness.dumps import Dumps
from harness.made_backups import Backups, Load, loaded, settled
from test_backup_s3 import chain
from test_json import Checker
from test_verify import all_shown, peak_mib

MIB = wal.MIB
KINDS = ["dir", "s3"]


class Copy:
    """Another repository with a configuration of its own, which has no key."""

    def __init__(self, site, behind):
        self.store, self.site = behind, site
        self.directory = host.USER.mkdir(Path(site.directory) / f"copy-{behind.kind}")
        self.walship = walship.Walship(site.walship.program, self.directory, {**behind.options, "push-timeout": "10s", "fetch-timeout": "10s"},
                                       key=site.walship.key, secrets=behind.secrets)
        self.walship.configure(cipher_key_file=None)
        self.conf = self.walship.conf

    def with_keys(self):
        """For what opens objects: verify, restore."""
        self.walship.configure(cipher_key_file=self.walship.key_file)
        return self.walship

    def names(self):
        return self.store.list()

    def is_whole(self):
        """The same objects, byte for byte."""
        names = self.site.store.list()
        assert self.names() == names
        for name in names:
            assert self.store.get(name) == self.site.store.get(name), name


def copy_of(site, behind=None):
    return Copy(site, behind or store.Directory(host.USER.mkdir(Path(site.directory) / "other")))


@pytest.fixture
def bucket_copy(s3_server, scratch):
    """Of any site: a prefix of its own in the bucket."""
    made = []

    def make(site):
        directory = scratch.directory()
        made.append(store.S3(directory, s3_server, directory.name, proxy.Proxy(("127.0.0.1", s3_server.tls_port))))
        return copy_of(site, made[-1])
    yield make
    for each in made:
        each.close()


def mirror(site, copy, *args, code=0, error=None, hint=None):
    done = site.run("mirror", copy.conf, "--json", *args, timeout=120)
    done.expect(code, error, hint)
    lines = Checker().lines("mirror", done, code)
    assert lines[-1]["kind"] == "total"
    return lines[:-1], lines[-1]


def push(site, *numbers, timeline=1):
    names = []
    for number in numbers:
        name = wal.segment_name(timeline, number, MIB)
        site.run("push", site.file(name, wal.segment(site.system_id, name, MIB))).expect(0)
        names.append(wal.object_name(site.system_id, name))
    return names


@pytest.mark.heart
@pytest.mark.parametrize("to", KINDS)
def test_there_and_back(site, to, bucket_copy):
    """Directory or bucket to either, without a key; then the repository is lost, and the copy fills a new one."""
    copy = bucket_copy(site) if to == "s3" else copy_of(site)
    names = push(site, 1, 2, 3)
    history = wal.object_name(site.system_id, "00000002.history")
    site.run("push", site.file("00000002.history", wal.history()), "--system-id", site.system_id).expect(0)
    site.store.put("notes.txt", b"not walship's")
    site.walship.configure(cipher_key_file=None)  # nor does the repository's own side need one
    lines, total = mirror(site, copy, "--dry-run")
    assert [line["object"] for line in lines] == sorted([*names, history]) and copy.names() == []
    assert total["lacking_objects"] == 4 and total["copied_objects"] == 0 and total["dry_run"]
    lines, total = mirror(site, copy)
    assert not lines and total["copied_objects"] == total["lacking_objects"] == total["objects"] == 4
    site.store.delete("notes.txt")
    copy.is_whole()
    site.walship.configure(cipher_key_file=site.walship.key_file)
    more = push(site, 4)
    lines, total = mirror(site, copy)
    assert total["copied_objects"] == 1 and total["objects"] == 5
    assert total["copied_bytes"] == len(site.store.get(more[0]))
    for name in site.store.list():
        site.store.delete(name)
    back = copy.walship.run("mirror", site.walship.conf).expect(0)
    assert b"5 objects" in back.out
    copy.is_whole()
    for number in (1, 2, 3, 4):
        name = wal.segment_name(1, number, MIB)
        assert site.run("cat", name, "--system-id", site.system_id).expect(0).out == wal.segment(site.system_id, name, MIB)


def test_nothing_is_replaced_or_removed(dir_site):
    site, copy = dir_site, copy_of(dir_site)
    names = push(site, 1, 2, 3)
    own = wal.object_name(site.system_id, wal.segment_name(1, 9, MIB))
    copy.store.put(names[1], b"another")
    copy.store.put(own, b"only here")
    lines, total = mirror(site, copy, code=4, error=r"mirror file://.*: objects that have another size in the copy: 1$", hint="verify --read")
    assert [(line["object"], line["result"]) for line in lines] == [(names[1], "conflict")] and "7 bytes" in lines[0]["error"]
    assert total["conflicting_objects"] == 1 and total["copied_objects"] == 2
    assert copy.store.get(names[1]) == b"another" and copy.store.get(own) == b"only here"
    shown = site.run("mirror", copy.conf)
    assert shown.code == 4 and f"✗ {names[1]}: the copy has 7 bytes".encode() in shown.out


def test_damage(dir_site):
    """Without --read objects are copied as they are; with it, damaged ones are named and not copied."""
    site, copy = dir_site, copy_of(dir_site)
    names = push(site, *range(1, 6))
    damaged = bytearray(site.store.get(names[2]))
    damaged[len(damaged) // 2] ^= 1
    site.store.put(names[2], bytes(damaged))
    lines, total = mirror(site, copy, "--read", code=4, error="damaged objects, which were not copied: 1$", hint="verify --read")
    assert [(line["object"], line["result"]) for line in lines] == [(names[2], "damaged")]
    assert total["copied_objects"] == 4 and copy.names() == [name for name in names if name != names[2]]
    site.walship.configure(cipher_key_file=None)
    site.run("mirror", copy.conf, "--read").expect(2, "neither cipher-key-file nor", ".")
    mirror(site, copy)
    copy.is_whole()


def test_an_object_that_cannot_be_read(dir_site):
    if not host.USER.switch:
        pytest.skip("needs root")
    site, copy = dir_site, copy_of(dir_site)
    names = push(site, 1, 2, 3)
    path = site.store.path / names[1]
    os.chmod(path, 0)
    os.chown(path, 0, 0)
    lines, total = mirror(site, copy, code=3, error="objects that could not be read: 1$", hint=".")
    assert [(line["object"], line["result"]) for line in lines] == [(names[1], "unreadable")] and total["copied_objects"] == 2


def test_full_disk(dir_site, small_disk):
    """The run ends with what fits; nothing cut off appears; with room again it goes on."""
    site, disk = dir_site, small_disk(8192)
    source = random.Random(1)
    for number in range(1, 7):
        site.store.put(f"{site.system_id}/wal/x/{number}", source.randbytes(600 * 1024))
    place = host.USER.mkdir(disk.path / "repo")
    copy = copy_of(site)
    copy.walship.configure(repo=f"file://{place}")
    copy.store.path = place
    ballast = disk.fill(2 * MIB)
    for _ in range(2):
        site.run("mirror", copy.conf).expect(5, "the copy: .*No space left on device", ".")
        names = copy.names()
        assert 0 < len(names) < 4 and all(copy.store.get(name) == site.store.get(name) for name in names)
    ballast.unlink()
    lines, total = mirror(site, copy)
    assert total["copied_objects"] == 6 - len(names)
    copy.is_whole()


@pytest.mark.parametrize("which", ["original", "copy"])
def test_a_store_that_is_away(dir_site, which):
    site, copy = dir_site, copy_of(dir_site)
    push(site, 1)
    away = site.store if which == "original" else copy.store
    away.go_away()
    site.run("mirror", copy.conf).expect(3, "No such file", ".")
    away.come_back()
    mirror(site, copy)
    copy.is_whole()


def test_configurations(dir_site, tmp_path):
    """OTHER.conf alone says where the copy is; mirror-conf names several, and one that fails does not hold up the others."""
    site, copy = dir_site, copy_of(dir_site)
    push(site, 1)
    site.run("mirror").expect(2, "no copy is named", "mirror-conf")
    site.run("mirror", site.walship.conf).expect(2, "the copy is the repository itself", ".")
    site.run("mirror", "/nowhere.conf").expect(2, "/nowhere.conf", ".")
    empty = host.USER.write(Path(site.directory) / "empty.conf", "", 0o600)
    site.run("mirror", empty).expect(2, "empty.conf: repo is not set")
    # A variable is about the first repository only.
    wrong = host.USER.mkdir(Path(site.directory) / "wrong")
    site.run("mirror", copy.conf, env={"WALSHIP_REPO": f"file://{wrong}"}).expect(0)
    assert copy.names() == [] and list(wrong.iterdir()) == []
    site.walship.configure(mirror_conf=f"/nowhere.conf\nmirror-conf = {copy.conf}")
    site.run("mirror").expect(2, "/nowhere.conf", ".")
    copy.is_whole()


def test_a_copy_inside_of_the_repository(dir_site):
    """It does not grow into itself."""
    site = dir_site
    inside = host.USER.mkdir(site.store.path / "inside")
    copy = copy_of(site)
    copy.walship.configure(repo=f"file://{inside}")
    copy.store.path = inside
    names = push(site, 1, 2)
    for _ in range(2):
        mirror(site, copy)
        assert copy.names() == names


def test_the_schedule_mirrors(dir_site):
    """mirror-at runs the copies of mirror-conf when they are due, which they are not from the first minute on."""
    site, copy = dir_site, copy_of(dir_site)
    push(site, 1, 2)
    site.walship.configure(mirror_conf=copy.conf, mirror_at="* * * * *", system_id=site.system_id, schedule_on="any")
    assert site.run("run-due", "--json").expect(0).out == b"" and copy.names() == []
    note = site.directory / "spool" / f"schedule-{site.system_id}"
    note.write_text(re.sub(r"since (\d+)", lambda since: f"since {int(since[1]) - 120}", note.read_text()))
    [run] = map(json.loads, site.run("run-due", "--json").expect(0).out.splitlines())
    assert (run["kind"], run["task"], run["result"]) == ("run", "mirror", "ok")
    copy.is_whole()


def test_a_terminal_sees_progress(dir_site, bucket_copy):
    copy = bucket_copy(dir_site)
    push(dir_site, *range(1, 30))
    copy.store.proxy.delay(0.05)
    master, slave = pty.openpty()
    try:
        running = dir_site.walship.popen("mirror", copy.conf, stderr=slave)
        assert b"29 objects" in running.communicate(timeout=60)[0]
        shown = all_shown(master)
        assert re.search(r"\r29 objects compared, \d+ of 29 copied, [0-9.]+ \w+", shown), shown
        assert shown.endswith("\r\x1b[K")
    finally:
        os.close(slave)
        os.close(master)


def manifests_are_true(site, copy):
    """Each backup that the copy has can be restored from it: verify opens the manifests and looks for all objects."""
    names = [name for name in copy.names() if name.endswith("/manifest")]
    found = copy.with_keys().run("verify", "--read", "--json")
    for line in map(json.loads, found.out.splitlines()):
        assert line["kind"] != "damaged", line
        for each in line.get("backups", []):
            assert each["state"] not in ("damaged", "incomplete"), each
    copy.walship.configure(cipher_key_file=None)
    return names


@pytest.mark.parametrize("to", KINDS)
def test_cut_off_anywhere(dir_site, to, bucket_copy, seed):
    """Killed again and again at random moments, the copy never has a backup that lacks something; in the end it restores alone."""
    site, chance = dir_site, random.Random(seed)
    copy = bucket_copy(site) if to == "s3" else copy_of(site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_pack_size="1MiB")
        made = chain(primary, backups)
        rows = settled(primary)
        kills = 0
        for number in range(1, 40):
            running = site.walship.popen("mirror", copy.conf)
            time.sleep(chance.uniform(0.002, number * (0.008 if to == "dir" else 0.03)))
            running.send_signal(signal.SIGKILL)
            killed = running.wait() == -signal.SIGKILL
            running.communicate()
            kills += killed
            for name in copy.names():
                assert copy.store.get(name) == site.store.get(name), name
            labels = [name.split("/")[2] for name in copy.names() if name.endswith("/manifest")]
            assert labels == made[:len(labels)]
            for label in labels:
                mine = [name for name in site.store.list() if f"/backup/{label}/" in name]
                assert [name for name in copy.names() if f"/backup/{label}/" in name] == mine
            if not killed:
                break
        assert kills > 0
        mirror(site, copy, "--read")
        copy.is_whole()
        copy.with_keys().run("verify", "--read").expect(0)
        site.store.go_away()
        try:
            other = Backups(site, primary)
            other.site = copy_site(site, copy)
            other.proof(made[-1], rows)
        finally:
            site.store.come_back()


def copy_site(site, copy):
    """The copy as a site of its own."""
    made = type(site)(site.directory, copy.store, copy.with_keys(), site.system_id, site.scratch)
    return made


def test_backups_wait_for_what_they_need(dir_site):
    """One damaged pack of the full backup: neither it nor what refers to it appears; the next full one does, and what follows."""
    site, copy = dir_site, copy_of(dir_site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        made = chain(primary, backups)
        time.sleep(1.1)
        made.append(backups.make("full")["label"])
        time.sleep(1.1)
        primary.sql("update pgbench_tellers set tbalance = tbalance + 1")
        made.append(backups.make("incr")["label"])
        settled(primary)
        pack = next(name for name in site.store.list() if f"{made[0]}/data/" in name)
        whole = site.store.get(pack)
        site.store.put(pack, whole[:-1] + bytes([whole[-1] ^ 1]))
        for _ in range(2):  # the second run knows the full backup only by its listing
            lines, total = mirror(site, copy, "--read", code=4, error="damaged objects", hint=".")
            assert [line["object"] for line in lines if line["result"] == "damaged"] == [pack]
            assert [line["object"].split("/")[2] for line in lines if line["result"] == "put_off"] == made[:3]
            assert total["put_off_backups"] == 3
            assert [name.split("/")[2] for name in copy.names() if name.endswith("/manifest")] == made[3:]
        site.store.put(pack, whole)
        mirror(site, copy, "--read")
        copy.is_whole()
        copy.with_keys().run("verify", "--read").expect(0)


def test_while_the_server_works(dir_site):
    """Pushes and a backup go on: each copy verifies, and an unfinished backup is left for the next run."""
    site, copy = dir_site, copy_of(dir_site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        backups.make("full")
        with Load(primary):
            running = site.walship.popen("backup", "full")
            runs = 0
            while running.poll() is None or runs < 3:
                mirror(site, copy)
                manifests_are_true(site, copy)
                primary.sql("select pg_switch_wal()")
                runs += 1
            assert running.returncode == 0, running.communicate()
        rows = settled(primary)
        lines, total = mirror(site, copy)
        assert not lines and total["unfinished_backups"] == 0
        copy.is_whole()
        made = backups.labels()[-1]
        alone = Backups(site, primary)
        alone.site = copy_site(site, copy)
        alone.proof(made, rows)


def test_an_unfinished_backup_is_left(dir_site):
    site, copy = dir_site, copy_of(dir_site)
    label = f"{site.system_id}/backup/20261101T000000Z-full"
    for name in ("begun", "data/00000001"):
        site.store.put(f"{label}/{name}", b"x")
    lines, total = mirror(site, copy)
    assert not lines and total["unfinished_backups"] == 1 and copy.names() == []
    site.store.put(f"{label}/manifest", b"x")
    lines, total = mirror(site, copy)
    assert total["unfinished_backups"] == 0 and total["copied_objects"] == 3
    copy.is_whole()


def looked(site, code, level, text, **env):
    """The check mirror of walship status; the others have nothing to find in this archive."""
    done = site.run("status", "--system-id", site.system_id, "--json", env=env)
    [line] = Checker().lines("status", done, code)
    [check] = [check for check in line["checks"] if check["name"] == "mirror"]
    assert check["status"] == level and re.search(text, check["text"]), check
    return line


def age_note(site, seconds):
    """As if all that the spool knows of the mirror were so much older."""
    [note] = (site.directory / "spool").glob("mirror-*")
    host.USER.write(note, re.sub(r"(?m)^(succeeded|ended) (\d+)$", lambda was: f"{was[1]} {int(was[2]) - seconds}", note.read_text()), 0o600)


def test_expire_after_the_copy(dir_site):
    """--expire goes by the copy's own options, and leaves what the first repository still has; without it nothing goes."""
    site, copy = dir_site, copy_of(dir_site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        made = []
        for kind in ("full", "incr", "full"):
            made.append(backups.make(kind)["label"])
            time.sleep(1.1)
        dumps = [Dumps(site, primary).make()["label"] for _ in range(2)]
        rows = settled(primary)
        mirror(site, copy)
        site.run("mirror", copy.conf, "--expire").expect(2, "no retention option is set", ".")
        copy.walship.configure(retention_full=1, retention_dump=1)

        def labels(store, kind="backup"):
            return [name.split("/")[2] for name in store.list() if name.endswith("/manifest") and f"/{kind}/" in name]

        def expired(*args):
            args = ("mirror", copy.conf, "--expire", "--json", "--pg-data", primary.data, *args)
            lines = list(map(json.loads, site.run(*args).expect(0).out.splitlines()))
            return {line["label"]: (line["keep"], line["reasons"]) for line in lines if line["kind"] in ("expire_backup", "expire_dump")}

        assert all(keep and "original" in why for keep, why in expired().values())
        assert labels(copy.store) == made and labels(copy.store, "dump") == dumps
        site.run("expire", "--retention-full", "1", "--retention-dump", "1", "--pg-data", primary.data).expect(0)
        assert labels(site.store) == made[2:] and labels(site.store, "dump") == dumps[1:]
        mirror(site, copy)
        assert labels(copy.store) == made
        assert [keep for keep, _ in expired("--dry-run").values()] == [False, False, True, False, True]
        assert labels(copy.store) == made and labels(copy.store, "dump") == dumps
        expired()
        assert labels(copy.store) == made[2:] and labels(copy.store, "dump") == dumps[1:]
        copy.with_keys().run("verify").expect(0)
        mirror(site, copy)
        alone = Backups(site, primary)
        alone.site = copy_site(site, copy)
        alone.proof(made[2], rows)


def test_status_says_how_far_behind(dir_site):
    """Never run, in step, failed, late: by the options' ages or by mirror-at. What is not known is never OK."""
    site, copy = dir_site, copy_of(dir_site)
    names = push(site, 1, 2)
    site.walship.configure(mirror_conf=copy.conf)
    assert looked(site, 2, "CRITICAL", "has never run")["mirrors"][0]["succeeded_time"] is None
    mirror(site, copy, "--dry-run")
    looked(site, 2, "CRITICAL", "has never run")
    mirror(site, copy)
    [seen] = looked(site, 0, "OK", f"copied all up to {names[-1]}")["mirrors"]
    assert seen["conf"] == str(copy.conf) and seen["newest_object"] == names[-1] and seen["age_seconds"] < 60
    assert (seen["behind_objects"], seen["behind_bytes"], seen["failures"], seen["error"]) == (0, 0, 0, None)
    copy.store.put(names[1], b"another")
    mirror(site, copy, code=4, error=".", hint=".")
    [seen] = looked(site, 1, "WARNING", "failed.*lacked 1 objects.*another size")["mirrors"]
    assert seen["behind_objects"] == 1 and seen["behind_bytes"] == len(site.store.get(names[1])) and seen["failures"] == 1 and seen["error"]
    shown = site.run("status", "--system-id", site.system_id, "--prometheus").out.decode()
    assert f'walship_mirror_behind_objects{{system_id="{site.system_id}",mirror="file://{copy.store.path}"}} 1\n' in shown
    assert 'check="mirror"} 1\n' in shown and "walship_growth_bytes" in shown
    copy.store.delete(names[1])
    mirror(site, copy)
    age_note(site, 26 * 3600)
    looked(site, 1, "WARNING", "began 1 d 2 h ago")
    # Where a run is due each hour, that is far too late.
    looked(site, 2, "CRITICAL", "1 d 2 h", WALSHIP_MIRROR_AT="0 * * * *")
    age_note(site, 24 * 3600)
    looked(site, 2, "CRITICAL", "2 d 2 h")
    site.walship.configure(mirror_conf="/nowhere.conf")
    looked(site, 3, "UNKNOWN", "/nowhere.conf")


def test_growth(dir_site):
    """Less than the option says is a warning; without the option there is no check."""
    site = dir_site
    names = push(site, 1, 2)
    stored = sum(len(site.store.get(name)) for name in names)
    args = ("status", "--system-id", site.system_id, "--json")
    line = json.loads(site.run(*args).expect(0).out)
    assert line["growth"] == {"wal_bytes": stored, "backup_bytes": 0, "dump_bytes": 0, "at_least": False}
    assert "growth" not in [check["name"] for check in line["checks"]]
    assert json.loads(site.run(*args, "--status-growth-warning", f"{stored}B").expect(0).out)["checks"][-1]["status"] == "OK"
    done = site.run(*args, "--status-growth-warning", f"{stored + 1}B")
    assert done.code == 1 and "less than" in json.loads(done.out)["checks"][-1]["text"]
    old = time.time() - 86500
    os.utime(site.store.path / names[0], (old, old))
    assert json.loads(site.run(*args).expect(0).out)["growth"]["wal_bytes"] == len(site.store.get(names[1]))


def peak_of(site, copy):
    """Of a run, in MiB."""
    running = site.walship.popen("mirror", copy.conf, "--json")
    peak = peak_mib(running)
    out, err = running.communicate()
    assert running.returncode == 0 and not err, err
    return peak, json.loads(out)


def test_memory_does_not_grow(dir_site):
    """A million names: the listings are compared side by side, and only new objects are copied."""
    site, copy = dir_site, copy_of(dir_site)
    count = extent.rounds(1_000_000, 40_000)
    source = site.store.path / push(site, 0)[0]
    roots = [site.store.path, copy.store.path]
    assert peak_of(site, copy)[1]["copied_objects"] == 1
    seen = {source.parent}
    links = 0
    for number in range(1, count):
        name = wal.object_name(site.system_id, wal.segment_name(1, number, MIB))
        if number in (2000, count - 1):
            peak, total = peak_of(site, copy)
            first = peak if number == 2000 else first
        for root in roots:
            path = root / name
            if path.parent not in seen:
                seen.add(path.parent)
                path.parent.mkdir(exist_ok=True)
                host.USER.own(path.parent)
            if root == copy.store.path and number % 1000 == 0:
                continue
            if links == 30000:  # a file system has a most for one file
                host.USER.own(shutil.copy(source, site.directory / f"source-{number}"))
                source, links = site.directory / f"source-{number}", 0
            os.link(source, path)
            links += 1
    peak, total = peak_of(site, copy)
    assert total["objects"] == count and total["copied_objects"] == 0
    print(f"walship mirror: {first:.1f} MiB at most with 2000 names, {peak:.1f} MiB with {count}")
    assert copy.names() == site.store.list()
    assert 1 < peak < first + 20


def archived(site, copy, *numbers):
    """Segments in both; what has been asked for is fetched with --system-id."""
    names = push(site, *numbers)
    mirror(site, copy)
    return names


def fetched(site, number, code=0, error=None, hint=None, command="cat", **env):
    name = wal.segment_name(1, number, MIB)
    done = site.run(command, name, *([site.directory / "out"] if command == "fetch" else []), "--system-id", site.system_id, env=env, timeout=40)
    done.expect(code, error, hint)
    if code == 0:
        content = done.out if command == "cat" else (site.directory / "out").read_bytes()
        assert content == wal.segment(site.system_id, name, MIB)
    return done


@pytest.mark.heart
@pytest.mark.sample(4)
@pytest.mark.parametrize("command", ["fetch", "cat"])
@pytest.mark.parametrize("to", KINDS)
def test_falls_back(site, to, command, bucket_copy):
    """The first store lacks it, has it damaged, is away; the mirror has it. Exit code 1 only when both said no."""
    copy = bucket_copy(site) if to == "s3" else copy_of(site)
    names = archived(site, copy, 1, 2, 3)
    site.walship.configure(mirror_conf=copy.conf)
    missing = {"command": command, "error": "no " if command == "cat" else None, "hint": "." if command == "cat" else None}
    fetched(site, 9, 1, **missing)
    site.store.delete(names[0])
    fetched(site, 1, command=command)
    site.store.put(names[1], site.store.get(names[1])[:-1])
    fetched(site, 2, command=command, error="asking the mirrors for .*: .*truncated")
    copy.store.go_away()
    fetched(site, 3, command=command)
    fetched(site, 9, 255, "mirror (file|s3)://", ".", command)
    site.store.go_away()
    fetched(site, 3, 255, rf"{command} {wal.segment_name(1, 3, MIB)}", ".", command)
    copy.store.come_back()
    began = time.monotonic()
    fetched(site, 3, command=command)
    fetched(site, 3, command=command)
    assert time.monotonic() - began < 5 * host.SLOWNESS, "each call waited for the store that is away"
    fetched(site, 9, 255, ".", ".", command)  # the first one did not say no
    site.store.come_back()
    fetched(site, 9, 1, **missing)


def test_a_mirror_that_is_not_configured_well(dir_site):
    """It does no harm while the first one has the file; a standby asks again, and nothing is taken for missing."""
    site = dir_site
    push(site, 1)
    site.walship.configure(mirror_conf="/nowhere.conf")
    fetched(site, 1, command="fetch")
    fetched(site, 2, 255, "mirror-conf: configuration file /nowhere.conf", ".", "fetch")
    fetched(site, 2, 3, "mirror-conf: ", ".", "fetch", WALSHIP_FETCH_ERROR="continue")


@pytest.mark.parametrize("to", KINDS)
def test_a_standby_goes_on_from_the_mirror(dir_site, to, bucket_copy):
    """The store goes away: what the standby lacks comes from the mirror, and the silence of the store ends nothing."""
    site = dir_site
    copy = bucket_copy(site) if to == "s3" else copy_of(site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        label = backups.make("full")["label"]
        primary.pgbench("-n", "-t", "200")
        rows = settled(primary)
        mirror(site, copy)
        site.walship.configure(mirror_conf=copy.conf)
        standby = site.cluster("standby")
        site.run("restore", "--pg-data", standby.data, "--backup", label, "--standby", "--clone").expect(0)
        standby.expect("asking the mirrors for", "fetch .*: repository file://", "walship: hint: if the disk is not mounted")
        primary.expect("archive command failed", "walship: push", "walship: hint:", "The failed archive command was")
        site.store.go_away()
        with standby:
            standby.start_restored()
            host.wait_for(lambda: standby.rows() == rows, "it has all of the mirror's WAL")
            assert standby.in_recovery()
            site.store.come_back()
            primary.pgbench("-n", "-t", "10")
            later = settled(primary)
            host.wait_for(lambda: standby.rows() == later, "it goes on from the store that is back", timeout=120)


def test_a_recovery_does_not_end_early(dir_site):
    """The store is away, the mirror has no more: nobody knows whether the store has. The copy by itself ends the recovery."""
    site, copy = dir_site, copy_of(dir_site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        label = backups.make("full")["label"]
        primary.pgbench("-n", "-t", "200")
        rows = settled(primary)
        mirror(site, copy)
        site.walship.configure(mirror_conf=copy.conf)
        primary.stop()
        made = backups.restored(label)
        made.expect("could not restore file", "startup process", "walship: ", "terminating any other active", "shutting down due to")
        site.store.go_away()
        with made:
            made.start(wait=False)
            host.wait_for(lambda: not made.server.alive, "recovery stops")
            assert "exit code 255" in made.log_text()
        made.configure(restore_command=copy.with_keys().command("fetch", "%f", "%p"))
        with made:
            made.start(wait=False)
            made.wait_promoted()
            assert made.rows() == rows
        site.store.come_back()
