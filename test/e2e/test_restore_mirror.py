"""walship restore goes on to the mirrors of mirror-conf: at the beginning, and when the repository goes away in the middle."""

import json
import re
import time

import pytest

from harness.made_backups import Backups, loaded, settled
from test_backup_s3 import chain
from test_mirror import bucket_copy, copy_of, mirror

assert bucket_copy  # a fixture


def restored(site, made, rows):
    """Starts what has been restored: its recovery ends, and it has all rows."""
    with made:
        made.start_restored()
        made.wait_promoted()
        assert made.rows() == rows
    made.remove()


def restore(site, name, label, *args, error=None):
    made = site.cluster(name)
    done = site.run("restore", "--pg-data", made.data, "--clone", "--json", *args, timeout=120)
    done.expect(0, error)
    line = json.loads(done.out)
    assert line["backup"] == label
    return made, line


@pytest.mark.heart
@pytest.mark.parametrize("to", ["dir", pytest.param("s3", marks=pytest.mark.full)])
def test_restore_goes_on_to_the_mirror(dir_site, to, bucket_copy):  # noqa: F811
    """The repository lacks a manifest, a pack, all backups, is away: the restore says which repository it reads, and why."""
    site = dir_site
    copy = bucket_copy(site) if to == "s3" else copy_of(site)
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        made = chain(primary, backups)
        rows = settled(primary)
        primary.stop()
        mirror(site, copy)
    first = f"file://{site.store.path}"
    site.walship.configure(mirror_conf=copy.conf)
    server, line = restore(site, "own", made[-1])
    assert line["repo"] == first and line["repo_reason"] is None
    assert "mirror-conf" not in line["restore_command"]  # it stands in the file that the command names
    server.remove()
    manifest = next(name for name in site.store.list() if name.endswith(f"{made[-1]}/manifest"))
    pack = next(name for name in site.store.list() if f"{made[0]}/data/" in name)
    kept = {name: site.store.get(name) for name in (manifest, pack)}
    site.store.delete(manifest)
    assert site.run("cat", manifest).expect(0).out.startswith(b"{")
    # An older backup is usable: the first repository still serves, but not for the label that it lacks.
    server, line = restore(site, "older", made[-2])
    assert line["repo"] == first
    server.remove()
    server, line = restore(site, "label", made[-1], "--backup", made[-1], error="restoring from the mirror .*no complete backup")
    assert line["repo"] != first and "no complete backup" in line["repo_reason"]
    server.remove()
    site.store.put(manifest, kept[manifest])
    site.store.delete(pack)
    server, line = restore(site, "pack", made[-1], error=rf"restoring from the mirror .*{pack} is missing")
    server.remove()
    site.store.put(pack, kept[pack])
    site.store.go_away()
    server, line = restore(site, "away", made[-1], error="restoring from the mirror")
    site.store.come_back()
    restored(site, server, rows)
    # Neither has it: the error is the first one's.
    for each in (site.store, copy.store):
        each.go_away()
    site.run("restore", "--pg-data", site.cluster("none").data, "--restore-timeout", "3s").expect(3, "restore: .*No such file", ".")
    copy.store.come_back()
    site.store.come_back()


@pytest.mark.parametrize("breaks", ["away", pytest.param("removed", marks=pytest.mark.full)])
def test_the_repository_goes_away_in_the_middle(s3_site, breaks):
    """After the plan, the packs come from the mirror, which has the same backup; a mirror that has not is not taken."""
    site = s3_site
    copy = copy_of(site)
    with loaded(site, scale="2") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_pack_size="1MiB")
        label = backups.make("full")["label"]
        rows = settled(primary)
        primary.stop()
        mirror(site, copy)
    site.walship.configure(mirror_conf=copy.conf, restore_timeout="3s", restore_threads="2")
    made = site.cluster("middle")
    site.store.proxy.delay(0.05)
    running = site.walship.popen("restore", "--pg-data", made.data, "--clone")
    plan = b""
    while b"write      " not in plan:
        part = running.stdout.readline()
        assert part, running.communicate()
        plan += part
    assert re.search(rb"repository s3://\S+: it has the backup", plan), plan
    time.sleep(0.1)
    site.store.proxy.delay(0)
    if breaks == "away":
        site.store.go_away()
    else:
        for name in site.store.list():
            if "/data/" in name:
                site.store.delete(name)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    if breaks == "away":
        assert err.count(b"going on with the mirror file://") == 1, err
        site.store.come_back()
    restored(site, made, rows)
    assert label.encode() in plan
