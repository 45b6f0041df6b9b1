"""
A day in a small server, in minutes: 512 MB, load, backups, expire and mirror each minute, the store away, the machine killed.

    SMALL_SERVER_TIMES   how many times longer it lasts (default 1, some 4 minutes)
"""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from harness import host
from harness.made_backups import Backups
from harness.small_machine import SmallMachine
from test_schedule import processes

pytestmark = pytest.mark.full

MEMORY = 512 << 20
TIMES = float(os.environ.get("SMALL_SERVER_TIMES") or 1)
BASELINE_S, CALM_S, OUTAGE_S, LAST_S = (round(TIMES * seconds) for seconds in (30, 75, 20, 75))


def load(primary, seconds):
    """pgbench from outside of the machine."""
    return subprocess.Popen(primary.pgbench_argv("-n", "-c", "4", "-T", str(seconds)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=host.clean_env(), cwd="/", text=True, **host.USER.popen_args())


def per_second(process):
    out, err = process.communicate(timeout=300 * TIMES)
    assert process.returncode == 0, err
    return float(re.search(r"tps = ([0-9.]+)", out)[1])


def kinds(labels):
    return [label.rpartition("-")[2] for label in labels]


def test_a_day(s3_site):
    site = s3_site
    if SmallMachine.refusal():
        pytest.skip(f"no small machine: {SmallMachine.refusal()}")
    mirrored = host.USER.mkdir(site.directory / "mirrored", 0o750)
    copy = host.USER.write(site.directory / "copy.conf", f"repo = file://{mirrored}\ncipher-key-file = {site.walship.key_file}\n", 0o600)
    primary = site.primary(shared_buffers="64MB", max_wal_size="128MB", archive_mode="on", archive_timeout="10")
    command = primary.settings["archive_command"]
    with SmallMachine(MEMORY) as machine, primary:
        with machine.inside():
            primary.configure(archive_command="/bin/true").start()
        primary.pgbench("-i", "-s", "5", "-q")
        without = per_second(load(primary, BASELINE_S))

        site.walship.configure(pg_data=primary.data, pg_conninfo=primary.connection_string(), schedule="push", backup_full="*/3 * * * *",
                               backup_diff="* * * * *", expire_at="* * * * *", mirror_at="* * * * *", mirror_conf=copy,
                               retention_full="2", push_timeout="30s")
        primary.configure(archive_command=command[1:-1].replace("''", "'"))
        primary.stop()
        with machine.inside():
            primary.start()
        backups = Backups(site, primary)
        with_walship = per_second(load(primary, CALM_S))
        calm = backups.labels()
        assert calm and machine.processes(), "backups of the schedule"

        # The store goes away in the middle of it.
        primary.expect("WARNING:  archiving write-ahead log file .* failed", "LOG:  archive command failed", "DETAIL:  The failed archive command",
                       "walship: ")
        running = load(primary, OUTAGE_S + 10)
        site.store.go_away()
        time.sleep(OUTAGE_S)
        site.store.come_back()
        outage = per_second(running)

        # The machine dies under load, with all that walship has begun.
        primary.expect("database system was interrupted", "database system was not properly shut down", "invalid record length",
                       "redo ", "FATAL:  the database system is starting up", "could not receive data from client", "connection to client lost")
        running = load(primary, LAST_S)
        host.wait_for(lambda: processes(site), "a task of the schedule", 90)
        killed = machine.kill()
        running.wait(60)
        assert killed > 5 and running.returncode != 0
        primary.server.stop((signal.SIGKILL, 5))
        with machine.inside():
            primary.start(timeout=120)
        after = per_second(load(primary, LAST_S))
        assert set(backups.labels()) - set(calm), "backups after the machine's end"

        site.walship.configure(schedule="off")
        rows = primary.rows()
        primary.archive_all(180)
        host.wait_for(lambda: not processes(site), "no task is left", 120)
        oom, peak = machine.out_of_memory(), machine.peak_rss
        primary.stop()
    print(f"transactions/s: {without:.0f} without walship, {with_walship:.0f} with it, {outage:.0f} while the store was away, "
          f"{after:.0f} after the machine's end; most memory of processes {peak / (1 << 20):.0f} of {MEMORY >> 20} MiB; "
          f"backups: {len(backups.labels())}")
    assert oom == 0 and peak < MEMORY

    def verified(conf):
        done = site.run("verify", "--read", "--json", argv=[site.walship.program, "--config", conf, "verify", "--read", "--json"], timeout=300)
        assert done.code == 0, done
        found = json.loads(done.out.splitlines()[-1])
        finished = [each for each in found["base_backups"] if each["complete"]]
        assert finished and all(each["restorable"] for each in finished)
        return [each["label"] for each in finished]

    labels = verified(site.walship.conf)
    assert 2 <= kinds(labels).count("full") <= 3, labels
    site.run("mirror", timeout=300).expect(0)
    assert set(labels) <= set(verified(copy))
    restored = site.cluster("restored")
    site.run("restore", "--pg-data", restored.data, timeout=300).expect(0)
    with restored:
        restored.start_restored()
        restored.wait_promoted(180)
        assert restored.rows() == rows
