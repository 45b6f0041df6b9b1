"""doc/deploy: units, timers, cron lines and alerts are what their programs take, and call walship as it is."""

import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from harness import host
from harness import promtool as promtool_

DEPLOY = host.ROOT / "doc/deploy"
UNITS = ["walship-backup-diff.timer", "walship-backup-full.timer", "walship-backup@.service", "walship-failed@.service", "walship-schedule.service", "walship-status.service", "walship-status.timer", "walship-stream.service", "walship-verify.service", "walship-verify.timer"]
SERVICES = ["walship-backup@.service", "walship-schedule.service", "walship-status.service", "walship-stream.service", "walship-verify.service"]
EXPOSURE_MAX = 20  # tenths: systemd calls 1.0 to 4.9 "OK", and an ordinary service 9.6 "UNSAFE"


@pytest.fixture(scope="module")
def installed(scratch):
    """What `meson install` puts into an empty root, of a build for the prefix /usr."""
    build, root = scratch.directory("build"), scratch.directory("root")
    prefix = ["meson", "setup", "--prefix=/usr", build, host.ROOT]
    host.run(prefix, as_user=False, timeout=300)
    # The program itself is not built again for this.
    host.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root, "--tags", "doc,systemd"], as_user=False, timeout=300)
    return root


def test_examples_are_installed(installed):
    examples = installed / "usr/share/doc/walship/examples"
    there = {str(path.relative_to(examples)) for path in examples.rglob("*") if path.is_file()}
    wanted = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*") if path.is_file() and path.name != "meson.build"
              and path.parent.name != "systemd"}
    assert there == wanted and {"README.md", "cron/walship", "aws/lifecycle.json"} <= there
    assert not [path for path in examples.rglob("*") if path.is_file() and path.stat().st_mode & 0o022]


@pytest.fixture(scope="module")
def units(installed):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze: run test/install")
    return installed / "usr/lib/systemd/system"


def test_units_are_installed_for_the_prefix(units):
    assert sorted(path.name for path in units.iterdir()) == UNITS
    for name in SERVICES:
        text = (units / name).read_text()
        settings = re.sub("^#.*$", "", text, flags=re.M)
        assert "\nExecStart=/usr/bin/walship " in text and "@" not in settings.replace("walship-failed@", "").replace("=@system-service", "").replace("=~@privileged", "")


def test_the_default_spool_is_made(installed, units):
    (line,) = [line for line in (installed / "usr/lib/tmpfiles.d/walship.conf").read_text().splitlines() if not line.startswith("#")]
    assert line == "d /var/spool/walship 0700 postgres postgres -"
    # In the place that walship prefers, and that the units may write to.
    assert '#define SPOOL_SHARED "/var/spool/walship"' in (host.ROOT / "src/sys/spool.h").read_text()
    for name in ("walship-schedule.service", "walship-status.service", "walship-verify.service"):
        assert "-/var/spool/walship" in re.search("^ReadWritePaths=(.*)$", (units / name).read_text(), re.M)[1].split()


def analyze(*args):
    return subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_takes_the_units(units, scratch):
    """With something in place of /usr/bin/walship, which this host need not have."""
    place = scratch.directory("units")
    for name in UNITS:
        text = (units / name).read_text()
        (place / name).write_text(text.replace("/usr/bin/walship ", "/bin/true ").replace("User=postgres", "User=root"))
    done = analyze("verify", "--man=no", *sorted(place.iterdir()))
    assert done.returncode == 0 and not done.stderr, done.stderr
    # And would say so if something were wrong.
    (place / "walship-status.service").write_text((place / "walship-status.service").read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in analyze("verify", "--man=no", place / "walship-status.service").stderr


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_hardened(units, name):
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", units / name)
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_timers_elapse(units, name):
    text = (units / name).read_text()
    calendar = re.search(r"^OnCalendar=(.*)$", text, re.M).group(1)
    done = analyze("calendar", calendar)
    assert done.returncode == 0 and "Next elapse" in done.stdout
    started = re.search(r"^Unit=(.*)$", text, re.M)
    service = re.sub("@.*", "@.service", started.group(1)) if started else name.replace(".timer", ".service")
    assert (units / service).exists() and "WantedBy=timers.target" in text


def allowed(unit):
    """The system calls that its SystemCallFilter lets through: sets are taken in, those with ~ are taken away."""
    def members(name):
        lines = analyze("syscall-filter", name).stdout.splitlines()[1:]
        names = {line.strip() for line in lines if line.strip() and not line.strip().startswith("#")}
        return {each for item in names for each in (members(item) if item.startswith("@") else [item])}
    found = members("@default")  # and these in any case
    for each in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.M):
        found = found - members(each[1:]) if each.startswith("~") else found | members(each)
    return found


def system_calls(site, *call):
    trace = host.USER.write(site.directory / "trace", "")
    done = site.run(argv=["strace", "-f", "-qq", "-o", trace, *site.walship.argv(*call)])
    assert done.code in (0, 1), done.err
    return set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))


def test_the_filter_lets_walship_work(units, dir_site, s3_site):
    """No system call of a push or a fetch, on a directory and on S3, is outside of what the units allow."""
    may = allowed(units / "walship-verify.service")
    assert {"openat", "connect"} <= may and "reboot" not in may
    used = set()
    for site in (dir_site, s3_site):
        name, content, _ = site.kind("segment")
        for call in (("push", site.file(name, content)), ("fetch", name, site.directory / "back", "--system-id", site.system_id)):
            used |= system_calls(site, *call)
    assert "execve" in used and len(used) > 20
    assert used <= may, used - may


# cron


def cron_lines():
    text = (DEPLOY / "cron/walship").read_text()
    assert text.endswith("\n")  # cron leaves out a last line without it
    variables = dict(re.findall(r"^([A-Z]+)=(.*)$", text, re.M))
    lines = [line for line in text.splitlines() if line and not line.startswith("#") and not re.match(r"[A-Z]+=", line)]
    return variables, [line.split(None, 6) for line in lines]


FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def test_cron_lines():
    variables, lines = cron_lines()
    assert variables == {"SHELL": "/bin/sh", "PATH": "/usr/local/bin:/usr/bin:/bin", "MAILTO": "root"}
    assert len(lines) == 4
    for *times, user, command in lines:
        for (least, most), each in zip(FIELDS, times):
            assert each in ("*", "1-6") or re.fullmatch(r"\*/\d+", each) or least <= int(each) <= most
        assert user == "postgres" and "%" not in command  # to cron that is the end of the line


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_cron_mails_what_went_wrong(scratch, code):
    """By cron's own shell: nothing is printed for 0, else the exit code and all that was said."""
    place = scratch.directory("cron")
    host.USER.write(place / "walship", f'#!/bin/sh\necho "said $*"\necho trouble >&2\nexit {code}\n', 0o755)
    variables, lines = cron_lines()
    for *_, command in lines:
        done = host.run([variables["SHELL"], "-c", command], env={"PATH": f"{place}:{variables['PATH']}", "HOME": "/"}, check=False)
        said = done.stdout.decode()
        assert done.stderr == b"" and (said == "" if code == 0 else f"exit code {code}\n" in said and "trouble" in said and "said " in said)


# Prometheus

RULES = DEPLOY / "prometheus/walship.rules.yaml"


@pytest.fixture(scope="module")
def promtool(scratch):
    try:
        return promtool_.Promtool(scratch.directory("promtool"))
    except promtool_.Unavailable as refusal:
        pytest.skip(str(refusal))


def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def test_prometheus_takes_the_alerts(promtool, scratch):
    code, said = promtool.run("check", "rules", RULES)
    assert code == 0 and f"{len(rules())} rules found" in said, said
    broken = scratch.directory() / "broken.yaml"
    broken.write_text(RULES.read_text().replace("== 2", "=="))
    assert promtool.run("check", "rules", broken)[0] != 0


# What the metrics do for an hour and a half, in steps of a minute; the alerts that must fire in the last of them, and no others.
LOOKED = {"walship_looked_timestamp_seconds": "0+60x90"}
STATES = {
    "all is well": ({**LOOKED, "walship_status": "0x90", 'walship_check_status{check="archive"}': "0x90", "walship_push_failures": "0x90",
                     "walship_missing_segments": "0x90", "walship_disk_free_bytes": "1e9x90", "walship_ready_files": "1x90"}, set()),
    "a warning": ({**LOOKED, "walship_status": "1x90", 'walship_check_status{check="backlog"}': "0x60 1x30"}, {"WalshipWarning"}),
    "a warning that passed": ({**LOOKED, "walship_status": "1x90", 'walship_check_status{check="backlog"}': "1x80 0x10"}, set()),
    "critical": ({**LOOKED, "walship_status": "2x90", 'walship_check_status{check="archive"}': "0x60 2x30"}, {"WalshipCritical"}),
    "unknown": ({**LOOKED, "walship_status": "3x90", 'walship_check_status{check="chain"}': "0x60 3x30"}, {"WalshipUnknown"}),
    "a gap": ({**LOOKED, "walship_status": "2x90", "walship_missing_segments": "0x60 3x30"}, {"WalshipSegmentsMissing"}),
    "damaged pages": ({**LOOKED, "walship_status": "2x90", "walship_backup_wrong_pages": "0x60 2x30"}, {"WalshipWrongPages"}),
    "a drill failed": ({**LOOKED, "walship_status": "2x90", "walship_drill_ok": "1x60 0x30"}, {"WalshipDrillFailed"}),
    "no drill for a quarter": ({**LOOKED, "walship_status": "0x90", "walship_drill_ok": "1x90", "walship_drill_timestamp_seconds": "-9000000x90"},
                               {"WalshipDrillOld"}),
    "a copy lacks objects": ({**LOOKED, "walship_status": "1x90", 'walship_mirror_behind_objects{mirror="copy.conf"}': "0x10 5x80"},
                             {"WalshipCopyIncomplete"}),
    "a copy is old": ({**LOOKED, "walship_status": "1x90", 'walship_mirror_success_timestamp_seconds{mirror="copy.conf"}': "-200000x90"},
                      {"WalshipCopyStale"}),
    "pushes fail": ({**LOOKED, "walship_status": "2x90", "walship_push_failures": "0x60 1+1x30",
                     "walship_push_failing_since_timestamp_seconds": "_x60 3660x30"}, {"WalshipPushesFail"}),
    "the disk fills": ({**LOOKED, "walship_status": "0x90", "walship_disk_free_bytes": "1e9-1e7x90", "walship_ready_files": "0+1x90"},
                       {"WalshipDiskFills"}),
    "the disk fills, but not with WAL": ({**LOOKED, "walship_status": "0x90", "walship_disk_free_bytes": "1e9-1e7x90",
                                          "walship_ready_files": "0x90"}, set()),
    "the timer stopped": ({"walship_looked_timestamp_seconds": "0+60x60 3600x30", "walship_status": "0x90"}, {"WalshipNotLooked"}),
    "nothing at all": ({"up": "1x90"}, {"WalshipAbsent"}),
}


def test_every_alert_is_tried():
    assert {alert for _, fire in STATES.values() for alert in fire} == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("state", STATES)
def test_alerts_fire_when_they_should(promtool, state):
    """By promtool's own evaluation."""
    series, fire = STATES[state]
    given = [{"series": name.replace("{", '{instance="db1",') if "{" in name else f'{name}{{instance="db1"}}', "values": values}
             for name, values in series.items()]
    query = [{"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "89m",
              "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(fire)]}]
    code, said = promtool.test_rules(RULES, {"evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": given,
                                                                                   "promql_expr_test": query}]})
    assert code == 0, said


def test_alerts_say_what_to_do():
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical") and set(rule["annotations"]) == {"summary", "description"}


# What the files say of walship


def calls():
    """Each call of walship in units and cron: (where, its arguments)."""
    found = [(path.name, shlex.split(call.replace("%i", instance))) for path in sorted((DEPLOY / "systemd").iterdir())
             for call in re.findall(r"^ExecStart=@bindir@/walship (.*)$", path.read_text(), re.M)
             for instance in (("full", "diff") if "%i" in call else ("",))]
    found += [("cron", call.split()) for *_, command in cron_lines()[1] for call in re.findall(r"walship ([a-z -]+?) 2>&1", command)]
    assert sorted(call[0] for _, call in found) == ["backup"] * 4 + ["schedule", "status", "status", "stream", "verify", "verify"]
    return found


@pytest.fixture
def archive(dir_site):
    """A repository that a server has archived to, and walship as walship.conf of a host would have it."""
    with dir_site.primary() as server:
        server.start()
        server.archive_all()
        dir_site.walship.configure(pg_data=server.data, pg_conninfo=server.connection_string())
        yield dir_site


def test_units_and_cron_call_walship_as_it_is(archive):
    for where, call in calls():
        call = [each.replace("/run/walship", str(archive.directory)) for each in call]
        if call == ["schedule"]:  # it goes on for ever: test_schedule.py
            call = ["schedule", "--list", "--verify-at=@daily"]
        if call == ["stream"]:  # so does this: test_stream.py
            continue
        done = archive.run(*call)
        assert done.code in ((0, 1) if call[0] == "status" else (0,)), (where, call, done.code, done.err, done.out)
    metrics = archive.directory / "walship.prom"
    assert metrics.stat().st_mode & 0o777 == 0o644  # the node exporter is another user


def test_alerts_are_about_what_status_tells(archive):
    archive.run("backup").expect(0)
    archive.run("status", "--metrics-file", archive.directory / "walship.prom")
    told = set(re.findall(r"^# TYPE (walship_\w+) ", (archive.directory / "walship.prom").read_text(), re.M))
    asked = {name for rule in rules() for name in re.findall(r"walship_\w+", rule["expr"])}
    # These are told only while pushes fail, after a drill, and with a copy.
    assert asked - told == {"walship_push_failing_since_timestamp_seconds", "walship_drill_ok", "walship_drill_timestamp_seconds",
                            "walship_mirror_behind_objects", "walship_mirror_success_timestamp_seconds"}, asked - told
    source = "".join(path.read_text() for path in sorted((host.ROOT / "src/monitor").glob("*.c")))
    assert all(f'"{name}"' in source for name in asked)


def test_the_filter_lets_each_command_work(units, archive):
    for command in ("status", "verify", "backup@"):
        for where, call in calls():
            if call[0] == command.rstrip("@"):
                used = system_calls(archive, *[each.replace("/run/walship", str(archive.directory)) for each in call])
                may = allowed(units / f"walship-{command}.service")
                # systemd 252 does not know cachestat(2); walship goes on without it (sys/page_cache.c).
                assert used <= may | {"cachestat", "syscall_0x1c3"}, (where, used - may)
