"""doc/deploy/conf: weeks of each example, run by the pushes of a real server whose walship has a clock of its own; then recovery."""

import json
import re
import shutil
import time
import zoneinfo
from datetime import datetime, timedelta

import pytest

from harness import extent, host, walship
from test_schedule import processes

CONF = host.ROOT / "doc/deploy/conf"
TORONTO = zoneinfo.ZoneInfo("America/Toronto")
LIBRARY = walship.binary().parent / "test/harness/preload/libshifted_clock.so"
EVERY_DAY, SOME_DAYS = range(7), (0, 2)  # days after Sunday


class Weeks:
    """A server that archives by an example of the documents, at times of the test's choice."""

    def __init__(self, site, name):
        if not LIBRARY.exists():
            pytest.skip("not with sanitizers")
        self.site, self.name = site, name
        self.shift = host.USER.write(site.directory / "shift", "0")
        self.library = shutil.copy(LIBRARY, site.scratch.directory("lib"))  # where the tests' user can read it
        self.primary = site.cluster("primary").initdb()
        self.system_id = self.primary.system_id()
        self.env = {"LD_PRELOAD": str(self.library), "CLOCK_SHIFT_FILE": str(self.shift)}
        given = " ".join(f"{key}={value}" for key, value in self.env.items())
        self.primary.configure(archive_command=f"env {given} {site.walship.command('push', '%p')}")
        self.options = dict(re.findall(r"^([a-z0-9-]+) = (.*)$", (CONF / name).read_text(), re.M))
        own = {"repo", "s3-region", "cipher-key-file", "pg-data", "pg-conninfo"}
        assert own < set(self.options), "the options that a user replaces"
        site.walship.configure(pg_data=self.primary.data, pg_conninfo=self.primary.connection_string(),
                               **{key: value for key, value in self.options.items() if key not in own})
        self.rows = {}  # label -> rows at its end

    def run(self, *args):
        return self.site.walship.run(*args, env=self.env, timeout=120)

    def labels(self):
        place = self.site.store.path / str(self.system_id) / "backup"
        return sorted(path.parent.name for path in place.glob("*/manifest"))

    def go_to(self, moment):
        """From now on walship's clock is there, where the server writes something. Returns once nothing is left to do."""
        self.shift.write_text(str(int(moment.timestamp() - time.time())))
        before = set(self.labels())
        self.primary.sql("insert into t select count(*) + 1 from t")
        self.primary.archive_all()
        host.wait_for(lambda: not processes(self.site), "the tasks have ended", 60)
        new = sorted(set(self.labels()) - before)
        for label in new:
            self.rows[label] = int(self.primary.sql("select count(*) from t"))
        return new

    def recover(self, label, *target):
        copy = self.site.cluster(f"copy-{label}-{len(target)}")
        self.site.run("restore", "--pg-data", copy.data, "--backup", label, *target).expect(0)
        with copy:
            copy.start_restored()
            copy.wait_promoted()
            rows = int(copy.sql("select count(*) from t"))
        copy.remove()
        return rows


def first_sunday(weeks):
    """Midnight in Toronto, so that so many weeks later it is still the past: labels are never in the future of real clocks."""
    day = (datetime.now(TORONTO) - timedelta(weeks=weeks, days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def times(name, weeks):
    """(moment, type of the backup that is due then), a minute after each."""
    start = first_sunday(weeks)
    days = EVERY_DAY if extent.extent() == "full" else SOME_DAYS
    for day in (7 * week + day for week in range(weeks) for day in days):
        for hour in (2,) if name == "weekly.conf" else (2, 8, 14, 20):
            moment = (start + timedelta(days=day)).replace(hour=hour, minute=1)
            yield moment, "full" if hour == 2 and (day % 7 == 0 or name == "daily.conf") else "diff"


@pytest.mark.parametrize("name, weeks", [("weekly.conf", 5), pytest.param("daily.conf", 2, marks=pytest.mark.full)])
def test_weeks_of_an_example(dir_site, name, weeks):
    """Each backup comes at its time and of its type, four full ones stay with all of theirs, and the oldest and the newest recover."""
    weeks_of = Weeks(dir_site, name)
    with weeks_of.primary as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        made = []
        for moment, kind in times(name, weeks):
            new = weeks_of.go_to(moment)
            # The very first one comes by itself, and is full in any case.
            wanted = kind if made else "full"
            assert len(new) == 1 and new[0].endswith(f"-{wanted}"), (moment, wanted, new, weeks_of.run("status").out)
            begun = datetime.strptime(new[0][:15], "%Y%m%dT%H%M%S").replace(tzinfo=zoneinfo.ZoneInfo("UTC"))
            assert timedelta(0) <= begun - moment < timedelta(minutes=5), (moment, new)
            made += new
        weeks_of.go_to(moment + timedelta(hours=3))  # expire has run once more
        fulls = [label for label in made if label.endswith("-full")]
        stay = weeks_of.labels()
        assert len(fulls) > 4 and stay == [label for label in made if label >= fulls[-4]], (made, stay)
        segments = sorted(path.name for path in (dir_site.store.path / str(weeks_of.system_id) / "wal").glob("*/????????????????????????"))
        listed = {line["label"]: line for line in map(json.loads, dir_site.run("backup", "list", "--json").out.splitlines())}
        high, low = (int(part, 16) for part in listed[fulls[-4]]["start_lsn"].split("/"))
        assert segments[0] == f"{1:08X}{high:08X}{low >> 24:08X}"
        dir_site.run("verify", "--read").expect(0)
        rows = int(primary.sql("select count(*) from t"))
        promote = ("--target-immediate", "--target-action", "promote")
        for label in (stay[0], stay[-1]):
            assert weeks_of.recover(label) == rows
            assert weeks_of.rows[label] - 1 <= weeks_of.recover(label, *promote) <= weeks_of.rows[label]
