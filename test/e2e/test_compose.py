"""docker/: the compose files by the specification's rules and our own, and the small scripts beside it. Nothing here needs an engine."""

import os
import re
import shutil
import stat
import subprocess

import pytest
import yaml

from harness import host

DOCKER = host.ROOT / "docker"
DURATION = re.compile(r"\d+(s|m)")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def services(compose, key=None):
    return [(name, service) for name, service in compose["services"].items() if key is None or key in service]


def test_the_specification(compose, scratch):
    """docker-compose 1.29 checks it with the specification's schema, which had no name yet, and resolves it."""
    if not shutil.which("docker-compose"):
        pytest.skip("no docker-compose: run test/install")
    here = scratch.directory("compose") / "docker"
    shutil.copytree(DOCKER, here)
    older = re.sub(r"^name: \w+\n", "", (DOCKER / "compose.yaml").read_text(), flags=re.M)
    (here / "compose.yaml").write_text(older)
    done = subprocess.run(["docker-compose", "--file", here / "compose.yaml", "--profile", "tools", "config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    resolved = yaml.safe_load(done.stdout)
    assert set(resolved["services"]) == set(compose["services"]) and re.fullmatch("[a-z0-9_-]+", compose["name"])
    # What compose makes of $$: the shell's $.
    assert "$$(cat /run/secrets/s3-secret)" in compose["services"]["s3"]["command"][0]


def test_what_is_named_is_there(compose):
    for name, service in services(compose):
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        assert set(service.get("depends_on", [])) <= set(compose["services"]), name
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith("./") else source in compose["volumes"], volume
    text = (DOCKER / "Dockerfile").read_text()
    for name, service in services(compose, "build"):
        build = service["build"]
        assert (DOCKER / build["context"]).resolve() == host.ROOT and (host.ROOT / build["dockerfile"]).is_file()
        assert f"AS {build['target']}\n" in text, name
    used = {volume.split(":")[0] for _, service in services(compose) for volume in service["volumes"]}
    assert set(compose["volumes"]) <= used


def test_foreign_images_are_pinned(compose):
    for name, service in services(compose):
        if "build" not in service:
            assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", service["image"]), name
    for line in (DOCKER / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM ") and "$" not in line:
            assert line.split()[1] == "debian:bookworm-slim"


def test_no_secret_but_in_files(compose):
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}
    assert all(path == f"./secrets/{name}" for name, path in files.items())
    for name, service in services(compose):
        environment = service.get("environment", {})
        assert not [key for key in environment if re.search("SECRET|PASSWORD", key) and not key.endswith("_FILE")], name
    conf = dict(re.findall(r"^([a-z0-9-]+) = (.*)$", (DOCKER / "walship.conf").read_text(), re.M))
    assert not set(conf) & {"s3-key-secret"}
    assert {conf["cipher-key-file"], conf["s3-key-secret-file"]} <= {f"/run/secrets/{name}" for name in files}
    ignored = (host.ROOT / ".gitignore").read_text().splitlines()
    assert "/docker/secrets/" in ignored
    assert (host.ROOT / ".dockerignore").read_text().splitlines()[1] == "*"  # and the build never sees them


def test_servers_are_watched_and_stopped_gently(compose):
    for name in ("primary", "standby"):
        service = compose["services"][name]
        assert service["user"] == "postgres" and service["stop_signal"] == "SIGINT"
        assert service["stop_grace_period"] == "2m"  # push-timeout and then some
        check = service["healthcheck"]
        assert all(DURATION.fullmatch(check[key]) for key in ("interval", "timeout", "start_period"))
        assert f"./healthcheck:{check['test'][1]}:ro" in service["volumes"]
        targets = {volume.split(":")[1] for volume in service["volumes"]}
        assert {"/var/lib/postgresql/data", "/var/spool/walship"} <= targets
        assert service["command"].count("-c") * 2 + 1 == len(service["command"])
        settings = dict(each.split("=", 1) for each in service["command"][2::2])
        assert settings["archive_command"] == "walship push %p" and settings["restore_command"] == "walship fetch %f %p"
    assert all("no-new-privileges:true" in service["security_opt"] for _, service in services(compose))


def test_the_configuration_is_walships(program, scratch):
    """Every option of it, and where the secrets are looked for."""
    done = subprocess.run([program, "--config", DOCKER / "walship.conf", "config"], capture_output=True, text=True, check=False,
                          env=host.clean_env())
    assert done.returncode == 0, done.stderr
    for line in re.findall(r"^([a-z0-9-]+ = .*)$", (DOCKER / "walship.conf").read_text(), re.M):
        name, value = line.split(" = ")
        assert re.search(rf"^{name} += {re.escape(value)}\b", done.stdout, re.M) or value in done.stdout


def test_secrets_are_made_once(scratch, program):
    here = scratch.directory("docker")
    shutil.copy(DOCKER / "make-secrets", here)
    owner = f"{host.USER.uid}:{host.USER.gid}"
    first = host.run([here / "make-secrets", owner], as_user=False).stdout.decode()
    assert first.count("made docker/secrets/") == 3
    made = {path.name: path.read_text() for path in (here / "secrets").iterdir()}
    assert set(made) == set(yaml.safe_load((DOCKER / "compose.yaml").read_text())["secrets"])
    for path in (here / "secrets").iterdir():
        info = path.stat()
        assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (0o400, host.USER.uid, host.USER.gid)
    assert re.fullmatch("[0-9a-f]{64}\n", made["walship-key"]) and len(set(made.values())) == 3
    # A key that was lost would make the repository unreadable: what is there stays.
    assert host.run([here / "make-secrets", owner], as_user=False).stdout == b""
    assert made == {path.name: path.read_text() for path in (here / "secrets").iterdir()}
    done = host.run([program, "config"], env=host.clean_env(WALSHIP_CIPHER_KEY_FILE=str(here / "secrets/walship-key")))
    assert b"walship-key" in done.stdout


@pytest.mark.parametrize("code, healthy", [(0, True), (1, True), (2, False), (3, False), (127, False)])
def test_a_warning_is_healthy(scratch, code, healthy):
    place = scratch.directory("path")
    script = host.USER.write(place / "walship", f'#!/bin/sh\n[ "$*" = status ] && exit {code}\nexit 9\n', 0o755)
    done = host.run([DOCKER / "healthcheck"], env=host.clean_env(PATH=f"{script.parent}:{os.defpath}"), check=False, as_user=False)
    assert (done.returncode == 0) == healthy


@pytest.mark.parametrize("name", ["healthcheck", "make-secrets", "primary-init.sh", "standby"])
def test_the_shell_is_clean(name):
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck: run test/install")
    host.run(["shellcheck", "--shell=sh", DOCKER / name], as_user=False)


def test_the_build_takes_its_packages_from_one_list():
    text = (DOCKER / "Dockerfile").read_text()
    assert "test/install build" in text and not re.search(r"-dev\b", text)
    readme = (host.ROOT / "README.md").read_text()
    libraries = re.search(r'ARG LIBRARIES="(.*)"', text).group(1).split()
    assert set(libraries) | {"ca-certificates"} == set(re.search(r"these are the packages\n`(.*)`", readme).group(1).split())


# The other compose files: TimescaleDB with walship inside, and the dump service.

OTHERS = ["timescale", "dump"]


def conf_of(name):
    return dict(re.findall(r"^([a-z0-9-]+) = (.*)$", (DOCKER / f"{name}.conf").read_text(), re.M))


@pytest.mark.parametrize("name", OTHERS)
def test_the_others(scratch, name):
    """By the specification; what they name is there; secrets are files; images are built here; a server ends gently."""
    text = (DOCKER / f"{name}.yaml").read_text()
    compose = yaml.safe_load(text)
    here = scratch.directory("compose") / "docker"
    shutil.copytree(DOCKER, here)
    (here / f"{name}.yaml").write_text(re.sub(r"^name: \w+\n", "", text, flags=re.M))
    done = subprocess.run(["docker-compose", "--file", here / f"{name}.yaml", "config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert all(secret["file"] == f"./secrets/{each}" for each, secret in compose["secrets"].items())
    named = {value for key, value in conf_of(name).items() if value.startswith("/run/secrets/")}
    assert named <= {f"/run/secrets/{each}" for each in compose["secrets"]}
    for each, service in services(compose):
        assert f"AS {service['build']['target']}\n" in (host.ROOT / service["build"]["dockerfile"]).read_text()
        assert set(service["secrets"]) <= set(compose["secrets"]) and "no-new-privileges:true" in service["security_opt"]
        assert service["restart"] == "unless-stopped" and service["healthcheck"]["test"] == ["CMD", "/usr/local/bin/healthcheck"]
        targets = {volume.split(":")[1]: volume.split(":")[0] for volume in service["volumes"]}
        assert targets["/etc/walship/walship.conf"] == f"./{name}.conf" and targets["/usr/local/bin/healthcheck"] == "./healthcheck"
        assert targets["/var/spool/walship"] in compose["volumes"]
        assert all((DOCKER / source).exists() for source in targets.values() if source.startswith("./") and source != "./dumps")
        assert not [key for key in service.get("environment", {}) if re.search("SECRET|PASSWORD", key) and not key.endswith("_FILE")], each
        if name == "timescale":
            assert service["stop_signal"] == "SIGINT" and service["stop_grace_period"] == "2m"
            assert any(service["environment"]["WALSHIP_PG_DATA"].startswith(target) for target in targets)
    assert "/docker/dumps/" in (host.ROOT / ".gitignore").read_text().splitlines()


def healthy(site, program):
    place = site.scratch.directory("path")
    host.USER.write(place / "walship", f'#!/bin/sh\nexec {program} --config {site.walship.conf} "$@"\n', 0o755)
    done = host.run([DOCKER / "healthcheck"], env=host.clean_env(PATH=f"{place}:{os.defpath}"), check=False)
    return done.returncode == 0, done.stdout.decode()


def test_timescale_needs_nothing_on_the_host(dir_site, program):
    """The command of the service and its walship.conf, with a directory for the bucket: the first full backup comes by itself."""
    site = dir_site
    own = {"repo", "s3-region", "s3-key", "s3-key-secret-file", "cipher-key-file", "pg-conninfo", "spool"}
    settings = dict(each.split("=", 1) for each in yaml.safe_load((DOCKER / "timescale.yaml").read_text())["services"]["alpine"]["command"][2::2])
    assert settings.pop("archive_command") == "walship push %p"
    primary = site.cluster("primary").initdb()
    site.walship.configure(pg_data=primary.data, pg_conninfo=primary.connection_string(),
                           **{key: value for key, value in conf_of("timescale").items() if key not in own})
    primary.configure(archive_command=site.walship.command("push", "%p"), **settings)
    with primary:
        primary.start()
        primary.sql("create table t as select 1")
        primary.archive_all()
        host.wait_for(lambda: any(name.endswith("-full/manifest") for name in site.store.list()), "the first backup", 90)
        primary.sql("insert into t values (2)")
        primary.archive_all()
        host.wait_for(lambda: healthy(site, program)[0], "the health check is content", 60)
        said = healthy(site, program)[1]
        assert "backup" in said and "schedule" in said, said


def test_the_dump_service(dir_site, program):
    """walship schedule with dump.conf, which is all that the container runs: the first dump at the start, its copy, and health."""
    site = dir_site
    if b"dump-at" not in host.run([program, "help", "sample"]).stdout:
        pytest.skip("this walship has no dump")
    assert yaml.safe_load((DOCKER / "dump.yaml").read_text())["services"]["dump"]["entrypoint"] == ["walship", "schedule"]
    own = {"repo", "cipher-key-file", "pg-conninfo", "pg-user-file", "pg-password-file", "mirror-conf", "spool"}
    given = conf_of("dump")
    assert own < set(given)
    bucket = host.USER.mkdir(site.directory / "bucket", 0o750)
    copy = host.USER.write(site.directory / "bucket.conf", f"repo = file://{bucket}\ncipher-key-file = {site.walship.key_file}\n"
                           f"retention-dump-days = {conf_of('dump-bucket')['retention-dump-days']}\n", 0o600)
    server = site.cluster("server").initdb()
    host.USER.write(server.data / "pg_hba.conf", "local all postgres trust\nlocal all all scram-sha-256\n", 0o600)
    with server:
        server.start()
        server.sql("create role backup superuser login password 'sesame'")
        server.sql("create table t as select 1 as n")
        dsn = server.connection_string().replace("user=postgres", "")
        site.walship.configure(pg_conninfo=dsn, pg_user_file=host.USER.write(site.directory / "user", "backup\n", 0o400),
                               pg_password_file=host.USER.write(site.directory / "password", "sesame\n", 0o400), mirror_conf=copy,
                               **{key: value for key, value in given.items() if key not in own})
        with site.walship.popen("schedule") as running:
            host.wait_for(lambda: any("-dump/manifest" in name for name in site.store.list()), "the first dump", 60)
            host.wait_for(lambda: healthy(site, program)[0], "the health check is content", 60)
            assert "yet: the first run is due at" in healthy(site, program)[1]  # of the mirror, tonight
            running.terminate()
            running.communicate(timeout=30)
        site.run("mirror").expect(0)
        assert [path for path in bucket.rglob("manifest") if "-dump/" in str(path)]
        server.sql("drop table t")
        script = site.run("dump", "get", "latest", "postgres").expect(0).out
        host.run([host.PG_BIN / "pg_restore", "-h", server.sockets, "-p", server._port(), "-U", "postgres", "-d", "postgres"], stdin=script)
        assert server.sql("select n from t") == "1"
