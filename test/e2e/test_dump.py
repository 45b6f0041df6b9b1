"""walship dump: what pg_dump printed comes back, and a dump that fails is none."""

import hashlib
import json
import os
import re
import signal
import subprocess

import pytest

from harness import host
from harness.dumps import ODD_NAMES, Dumps, dumped_server, noisy_database
from harness.objects import open_object


@pytest.fixture(scope="module")
def source(scratch):
    """One server for all tests: each leaves its databases and roles as they were."""
    with dumped_server(scratch.directory()) as server:
        yield server


@pytest.mark.heart
def test_comes_back(site, source):
    """Every database and the roles; pg_restore makes equal rows of them."""
    dumps = Dumps(site, source)
    source.sql("create role clerk login password 'sesame'")
    made = dumps.make()
    source.sql("drop role clerk")
    assert [each["name"] for each in made["databases"]] == ["globals", "app", "postgres", "shop", "template1"]
    assert dumps.labels() == [made["label"]] and re.fullmatch(r"\d{8}T\d{6}Z-dump", made["label"])
    for name in ("app", "shop"):
        assert dumps.restore(made["label"], name, f"{name}2") == dumps.rows(name)
    roles = dumps.get("latest", "globals").decode()
    assert "CREATE ROLE clerk" in roles and "SCRAM-SHA-256" in roles
    for each in made["databases"]:
        content = dumps.get(made["label"], each["name"])
        assert hashlib.sha256(content).hexdigest() == each["sha256"] and len(content) == each["bytes"]
    seen = dumps.make("shop")
    assert [each["name"] for each in seen["databases"]] == ["globals", "shop"]
    assert dumps.labels() == [made["label"], seen["label"]]


def test_file_and_sum(dir_site, source):
    """A file appears whole and is never replaced; the sum is as sha256sum prints it."""
    site, dumps = dir_site, Dumps(dir_site, source)
    made = dumps.make("app", "--plain")
    assert b"CREATE TABLE public.numbers" in dumps.get("latest", "app")
    file = site.directory / "app.sql"
    printed = site.run("dump", "get", "latest", "app", file, "--sha256").out
    assert printed == subprocess.run(["sha256sum", file], capture_output=True, check=True).stdout
    assert site.run("dump", "get", "latest", "app", "--sha256").out.split() == [made["databases"][1]["sha256"].encode(), b"-"]
    assert printed.split()[0] == made["databases"][1]["sha256"].encode()
    site.run("dump", "get", "latest", "app", file).expect(5, "exists", "never replaces")
    site.run("dump", "get", "latest", "nothing").expect(3, "has no 'nothing'", "dump list")
    site.run("dump", "get", "20200101T000000Z-dump", "app").expect(3, "has no dump", "dump list")
    site.run("dump", "get", "yesterday", "app").expect(2, "not the label of a dump", "latest")
    site.run("dump", "get", "latest", "--globals").expect(0)
    site.run("dump", "get", "latest").expect(2, "missing operand", "--globals")


def test_without_walship(dir_site, source):
    """The objects of a dump, opened by doc/format.md alone and put one behind the other, are what pg_dump printed."""
    site, dumps = dir_site, Dumps(dir_site, source)
    site.walship.configure(dump_pack_size="1MiB")
    with noisy_database(source) as name:
        made = dumps.make(name)
    prefix = f"{made['system_id']}/dump/{made['label']}"
    manifest = json.loads(open_object(site.store.get(f"{prefix}/manifest"), f"{prefix}/manifest", site.walship.key))
    assert manifest["kind"] == "walship dump" and manifest["version"] == 1
    entry = next(each for each in manifest["dumps"] if each["name"] == name)
    names = [f"{prefix}/data/{entry['first_object'] + n:08}" for n in range(len(entry["object_bytes"]))]
    assert len(names) > 1 and [len(site.store.get(each)) for each in names] == entry["object_bytes"]
    content = b"".join(open_object(site.store.get(each), each, site.walship.key) for each in names)
    assert hashlib.sha256(content).hexdigest() == entry["sha256"] and len(content) == entry["bytes"]
    by_hand = subprocess.run([host.ROOT / "doc/open-object", site.walship.key_file, site.store.path / names[-1], names[-1]],
                             capture_output=True, check=True).stdout
    assert by_hand and content.endswith(by_hand)


def test_odd_names(dir_site, source):
    site, dumps = dir_site, Dumps(dir_site, source)
    quoted = ['"' + name.replace('"', '""') + '"' for name in ODD_NAMES]
    for name in quoted:
        source.sql(f"create database {name}")
    made = dumps.make("--", *ODD_NAMES)
    assert [each["name"] for each in made["databases"][1:]] == list(ODD_NAMES)
    for each in made["databases"][1:]:
        content = site.run("dump", "get", made["label"], "--", each["name"]).out
        assert content.startswith(b"PGDMP") and hashlib.sha256(content).hexdigest() == each["sha256"]
    for name in quoted:
        source.sql(f"drop database {name}")
    dumps.run("nobody").expect(2, "the server has no database 'nobody'", "case-sensitive")
    dumps.run("template0").expect(2, "'template0' allows no connections", None)
    dumps.run("app", "app").expect(2, "named twice", None)


def test_rights(dir_site, source):
    """A table that the role may not read; a database that it may not connect to; roles without passwords."""
    site, dumps = dir_site, Dumps(dir_site, source)
    source.sql("create role reader login")
    source.sql("revoke connect on database shop from public")
    site.walship.configure(pg_conninfo=source.connection_string().replace("user=postgres", "user=reader"))
    dumps.run("app").expect(3, "app: pg_dump: exited with code 1: .*permission denied for table numbers", "pg_read_all_data")
    assert dumps.labels() == [] and dumps.objects() == []
    Dumps.sql(source, "app", "grant select on numbers to reader")
    done = dumps.run("--json")
    assert done.code == 0 and "'shop' is not in the dump" in done.err and "without their passwords" in done.err
    assert [each["name"] for each in json.loads(done.out)["databases"]] == ["globals", "app", "postgres", "template1"]
    assert json.loads(done.out)["role_passwords"] is False
    dumps.run("shop").expect(2, "may not connect to database 'shop'", "grant connect")
    source.sql("revoke execute on function pg_control_system from public")
    dumps.run("app").expect(2, "permission denied", "--system-id")
    assert dumps.run("app", "--system-id", source.system_id()).code == 0
    source.sql("grant execute on function pg_control_system to public")
    source.sql("grant connect on database shop to public")
    Dumps.sql(source, "app", "drop owned by reader")
    source.sql("drop role reader")


def test_user_and_password_from_files(dir_site, source):
    """Both in files, and in no command line or message; what a wrong one says. They hold for check too."""
    site, dumps = dir_site, Dumps(dir_site, source)
    password = "p@ss w'ord\\"
    site.walship.secrets.append(password.encode())
    user_file = host.USER.write(site.directory / "user", "keeper\n", 0o600)
    password_file = host.USER.write(site.directory / "password", password + "\n", 0o600)
    source.sql("create role keeper login superuser password '" + password.replace("'", "''") + "'")
    host.USER.write(source.data / "pg_hba.conf", "local all keeper scram-sha-256\nlocal all postgres trust\n", 0o600)
    source.sql("select pg_reload_conf()")
    site.walship.configure(pg_conninfo=source.connection_string().replace(" user=postgres", ""), pg_user_file=user_file,
                           pg_password_file=password_file)
    assert dumps.make("app")["role_passwords"] is True
    shown = site.run("check", "--server").out.decode()
    assert "password" not in shown and str(source.system_id()) in shown
    password_file.chmod(0o644)
    dumps.run("app").expect(2, "pg-password-file", "")
    site.walship.configure(secret_files="any")
    assert dumps.run("app").code == 0
    host.USER.write(password_file, "wrong\n", 0o600)
    dumps.run("app").expect(3, "password authentication failed for user .keeper.", "check pg-user-file and pg-password-file")
    host.USER.write(password_file, "\n", 0o600)
    dumps.run("app").expect(2, "pg-password-file: .* is empty", "one line")
    source.sql("drop role keeper")


def test_over_the_network(dir_site):
    """A server that only TCP leads to, as another container is: host and port, user and password from files."""
    site = dir_site
    user_file = host.USER.write(site.directory / "user", "keeper\n", 0o600)
    password_file = host.USER.write(site.directory / "password", "no secret\n", 0o600)
    with site.primary("remote", listen_addresses="127.0.0.1").start() as source:
        dumps = Dumps(site, source)
        source.sql("create role keeper login superuser password 'no secret'")
        source.sql("create table numbers as select g, md5(g::text) from generate_series(1, 1000) g")
        host.USER.write(source.data / "pg_hba.conf", "local all postgres trust\nhost all keeper 127.0.0.1/32 scram-sha-256\n", 0o600)
        source.sql("select pg_reload_conf()")
        site.walship.configure(pg_conninfo=f"host=127.0.0.1 port={source._port()}", pg_user_file=user_file, pg_password_file=password_file)
        made = dumps.make("postgres")
        assert dumps.labels() == [made["label"]]
        assert dumps.restore(made["label"], "postgres", "again") == dumps.rows("postgres")


def fake_tools(site, version, body=None):
    """A directory with programs of that version, which call the real ones, or do what body says."""
    place = host.USER.mkdir(site.directory / f"bin{version}")
    for name in ("pg_dump", "pg_dumpall"):
        act = body if body and name == "pg_dump" else 'exec $real "$@"'
        host.USER.write(place / name, f"""#!/bin/sh
real={host.PG_BIN / name}
case "$*" in *--version*) echo 'pg_dump (PostgreSQL) {version}'; exit;; esac
{act}
""", 0o755)
    site.walship.configure(pg_bindir=place)


def test_version(dir_site, source):
    """A pg_dump that is older than the server is refused before anything is stored."""
    site, dumps = dir_site, Dumps(dir_site, source)
    fake_tools(site, "14.9")
    dumps.run("app").expect(2, rf"the server has version {host.PG_MAJOR}, .* found: .*/pg_dump \(14.9\)", f"postgresql-client-{host.PG_MAJOR}")
    site.walship.configure(pg_bindir=site.directory)
    dumps.run("app").expect(2, "no pg_dump was found in", "pg-bindir")
    assert dumps.objects() == []
    fake_tools(site, "99.1")
    assert dumps.make("app")["pg_dump_version"] == "99.1"
    site.walship.configure(pg_bindir=None)
    assert dumps.make("app")["pg_dump_version"].startswith(f"{host.PG_MAJOR}.")


FAILURES = (
    ('$real "$@" | head -c 100000; echo "pg_dump: error: gone" >&2; exit 3', "exited with code 3: gone"),
    ('$real "$@" | head -c 100000; kill -9 $$', "killed by signal 9"),
    ("exit 0", "printed nothing"),
    ("echo hello", "printed something other than its custom format"),
)


def test_pg_dump_fails(dir_site, source):
    """No dump, whatever was stored before; and no leftovers."""
    dumps = Dumps(dir_site, source)
    for number, (body, error) in enumerate(FAILURES):
        fake_tools(dir_site, f"99.{number}", body)
        dumps.run("app").expect(3, f"dump: app: pg_dump: {error}", None)
        assert dumps.labels() == [] and dumps.objects() == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("how", ["TERM", "pg_dump", "KILL"])
def test_killed(dir_site, source, how):
    """walship or its pg_dump is killed in the middle: no dump; after SIGTERM and pg_dump's death nothing is left."""
    site, dumps = dir_site, Dumps(dir_site, source)
    pid_file = site.directory / "bin99.3/pid"
    fake_tools(site, "99.3", f'echo $$ >{pid_file}\n$real "$@" | {{ head -c 2500000; sleep 60; cat; }}')
    site.walship.configure(dump_pack_size="1MiB")
    with noisy_database(source) as name:
        running = site.walship.popen("dump", name)
        host.wait_for(lambda: any("/data/00000002" in each for each in dumps.objects()), "the dump has begun", 30)
        group = int(pid_file.read_text())
        if how == "pg_dump":
            os.killpg(group, signal.SIGKILL)
        else:
            running.send_signal(getattr(signal, f"SIG{how}"))
        running.communicate(timeout=30)
        assert running.returncode == {"TERM": -signal.SIGTERM, "KILL": -signal.SIGKILL, "pg_dump": 3}[how]
        if how == "KILL":
            os.killpg(group, signal.SIGKILL)
    assert dumps.labels() == []
    assert (dumps.objects() == []) == (how != "KILL")
    site.walship.configure(pg_bindir=None)
    assert [dumps.make("app")["label"]] == dumps.labels()


@pytest.mark.sample(1)
def test_store_away(site, source):
    """The store goes away: an error of its own, and no dump."""
    dumps = Dumps(site, source)
    made = dumps.make("app")
    site.walship.configure(dump_timeout="2s", fetch_timeout="2s")
    site.store.go_away()
    dumps.run("app").expect(3, "dump: ", "")
    assert site.run("dump", "get", made["label"], "app").code == 3
    site.store.come_back()
    assert dumps.labels() == [made["label"]]


def test_full_disk(dir_site, source, small_disk):
    dumps, disk = Dumps(dir_site, source), small_disk(1024)
    dir_site.walship.configure(repo=f"file://{disk.path}")
    with noisy_database(source) as name:
        dumps.run(name).expect(5, "No space left on device", "")
    assert not [path for path in disk.path.rglob("*") if path.is_file()]


def test_hostile_store(dir_site, source):
    """Swapped, changed, cut and missing objects are refused, and no byte of them is written; verify finds them too."""
    site, dumps = dir_site, Dumps(dir_site, source)
    site.walship.configure(dump_pack_size="1MiB")
    with noisy_database(source) as name:
        made = dumps.make(name)
    genuine = dumps.get(made["label"], name)
    site.run("verify", "--read").expect(0)
    data = [each for each in dumps.objects() if "/data/" in each]
    assert len(data) > 3
    first, second = data[1], data[2]
    before = {each: site.store.get(each) for each in data}
    flipped = before[second][:200] + bytes([before[second][200] ^ 1]) + before[second][201:]
    faults = {
        "swapped": ({first: before[second], second: before[first]}, None),
        "changed": ({second: flipped}, 4),
        "cut": ({second: before[second][:-40]}, 6),
        "missing": ({second: None}, 6),
    }
    for how, (objects, code) in faults.items():
        for each, content in objects.items():
            site.store.delete(each) if content is None else site.store.put(each, content)
        got = site.run("dump", "get", made["label"], name)
        assert got.code == 4 and genuine.startswith(got.out) and len(got.out) < len(genuine), how
        target = site.directory / f"{how}.dump"
        assert site.run("dump", "get", made["label"], name, target).code == 4 and not target.exists()
        if code:
            site.walship.configure(verify_notes=host.USER.mkdir(site.directory / f"notes-{how}", 0o700))
            assert site.run("verify", "--read").code == code, how
        for each in objects:
            site.store.put(each, before[each])
    assert dumps.get(made["label"], name) == genuine


@pytest.mark.parametrize("tables", [100, pytest.param(10_000, marks=pytest.mark.full)])
def test_many_tables(dir_site, source, tables):
    """Each of them; 10,000 of them come back, too."""
    dumps = Dumps(dir_site, source)
    source.sql("create database many")
    for begin in range(0, tables, 1000):
        Dumps.sql(source, "many", "".join(f"create table t{n} (a int primary key, b text); insert into t{n} values ({n}, 'x');"
                                          for n in range(begin, min(tables, begin + 1000))) + "create table if not exists numbers (n int);")
    made = dumps.make("many")
    if tables > 300:
        assert dumps.restore(made["label"], "many", "many2") == dumps.rows("many")
    assert dumps.get(made["label"], "many").count(b"CREATE TABLE public.t") == tables
    source.sql("drop database many")
