"""docker/: compose.yaml by the specification's rules and our own, and the small scripts beside it. Nothing here needs an engine."""

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
