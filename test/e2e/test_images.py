"""docker/: both images are built and walship works in them, beside PostgreSQL by what compose.yaml says. No engine is needed."""

import os
import re
import shutil
import signal
import subprocess

import pytest
import yaml

from harness import host, images, strict_s3, wal

pytestmark = pytest.mark.full

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
DOCKER = host.ROOT / "docker"
OWNER = 999
# What may come on top of Debian's own image: libcurl's many libraries, the certificates, walship.
ADDED_MAX = 64 * MIB
TOOLS = ("gcc", "cc", "c++", "ld", "as", "make", "meson", "ninja", "cpp", "pkg-config", "git")


@pytest.fixture(scope="module")
def built(scratch):
    """Both images, built as a user would."""
    reason = images.refusal()
    if reason:
        pytest.skip(f"no images without this: {reason}")
    made = images.Images(scratch.directory("images"))
    try:
        made.make_bases()
        for name, target in ((images.POSTGRES_WALSHIP, "postgres"), (images.WALSHIP, "walship")):
            made.build(name, host.ROOT, "--file", DOCKER / "Dockerfile", "--target", target)
        yield made
    finally:
        made.remove()


@pytest.fixture(params=[images.WALSHIP, images.POSTGRES_WALSHIP], ids=["walship", "postgres"])
def container(built, request):
    return built.container(request.param)


def sonames():
    """The libraries that walship loads by itself: what it says where it loads them."""
    found = set()
    for path in (host.ROOT / "src").rglob("*.c"):
        found |= set(re.findall(r'\.soname = "(lib\w+)\.so', path.read_text()))
    assert {"libcurl", "libcrypto", "libexpat"} <= found
    return found - {"libs3"}


def test_every_library_is_there(container):
    there = {path.name.split(".so")[0] for path in container.root.glob("usr/lib/*-linux-gnu/*.so*")}
    assert sonames() <= there, f"not in the image: {sonames() - there}: see LIBRARIES in docker/Dockerfile"
    linked = container.run("ldd", "/usr/bin/walship").stdout.decode()
    assert "not found" not in linked
    assert container.run("walship", "--version").stdout.startswith(b"walship ")


def test_nothing_that_builds_stays(built, container, capsys):
    base = built.container(images.POSTGRES if "postgres" in container.name else images.DEBIAN)
    added = container.packages() - base.packages()
    assert not [name for name in added if name.endswith("-dev")] and not added & {"gcc", "meson", "python3", "binutils"}
    assert not [name for name in TOOLS if shutil.which(name, path=str(container.root / "usr/bin"))]
    left = [str(path.relative_to(container.root)) for name in ("source", "tmp", "var/lib/apt/lists", "var/cache/apt/archives")
            for path in (container.root / name).rglob("*") if path.is_file() and path.name != "lock"]
    assert left == []
    more = container.bytes() - base.bytes()
    with capsys.disabled():
        print(f"\n{container.name}: {container.bytes() / MIB:.0f} MiB, {more / MIB:.1f} MiB on top of its base, {len(added)} more packages;"
              f" built in {sum(built.seconds.values()):.0f} s: {built.seconds}")
    assert more < ADDED_MAX


def test_who_it_runs_as(built):
    config = built.inspect(images.WALSHIP)
    assert config["User"] == "999:999" and config["Entrypoint"] == ["walship"] and config["Cmd"] == ["help"]
    container = built.container(images.WALSHIP)
    assert container.run("id", "-u").stdout.strip() == b"999"
    assert container.run("sh", "-c", "touch /usr/bin/walship /etc/passwd", check=False).returncode != 0
    # What is on top of PostgreSQL's image changes nothing of it.
    changed, original = built.inspect(images.POSTGRES_WALSHIP), built.inspect(images.POSTGRES)
    assert changed == original


def given(directory, name):
    return images_user(host.USER.mkdir(directory / name, 0o700))


def images_user(path, mode=None):
    os.chown(path, OWNER, OWNER)
    if mode is not None:
        os.chmod(path, mode)
    return path


@pytest.fixture
def repository(container, scratch):
    """The container with a directory repository, a key and a directory for files: {name: path there}."""
    directory = scratch.directory()
    for name in ("repo", "files", "spool"):
        container.volumes[f"/{name}"] = (given(directory, name), "rw")
    (directory / "key").write_text(os.urandom(32).hex() + "\n")
    container.volumes["/key"] = (images_user(directory / "key", 0o400), "ro")
    container.env = {"WALSHIP_REPO": "file:///repo", "WALSHIP_CIPHER_KEY_FILE": "/key", "WALSHIP_SPOOL": "/spool"}
    container.user = f"{OWNER}:{OWNER}"
    container.files = directory / "files"
    return container


def pushed_and_fetched(container, number):
    name = wal.segment_name(1, number)
    content = wal.segment(SYSTEM_ID, name)
    (container.files / name).write_bytes(content)
    images_user(container.files / name)
    container.run("walship", "push", f"/files/{name}")
    container.run("walship", "fetch", name, "/files/back", "--system-id", SYSTEM_ID)
    back = container.files / "back"
    assert back.read_bytes() == content and back.stat().st_uid == OWNER
    back.unlink()


def test_push_and_fetch_with_every_codec(repository):
    for number, compress in enumerate(("gzip", "zstd", "lz4", "none"), 1):
        repository.env["WALSHIP_COMPRESS"] = compress
        pushed_and_fetched(repository, number)


def test_push_and_fetch_over_tls(repository, s3_server):
    """libcurl and its certificates, and expat for the listing."""
    secret = repository.files / "secret"
    secret.write_text(s3_server.secret_key)
    repository.volumes["/ca"] = (s3_server.ca_file, "ro")
    images_user(secret, 0o400)
    repository.env.update({"WALSHIP_REPO": f"s3://{s3_server.bucket}/image-{repository.name}", "WALSHIP_S3_ENDPOINT": s3_server.endpoint,
                           "WALSHIP_S3_CA_FILE": "/ca", "WALSHIP_S3_KEY": s3_server.access_key, "WALSHIP_S3_KEY_SECRET_FILE": "/files/secret"})
    pushed_and_fetched(repository, 1)
    assert "✓ list it" in repository.run("walship", "check", "--store").stdout.decode()


# compose.yaml, without compose.


class Service:
    """A container as compose.yaml describes it. Named volumes are directories here; the network is the host's."""

    def __init__(self, built, compose, name, directory, here):
        self.name, self.described = name, compose["services"][name]
        self.directory, self.here = directory, here
        self.container = built.container(images.POSTGRES_WALSHIP)
        self.container.user = self.described["user"]
        self.container.env = {**self.described["environment"]}
        self.entrypoint = self.described.get("entrypoint", built.inspect(images.POSTGRES_WALSHIP)["Entrypoint"])
        self.log = directory / f"{name}.log"
        self.server = None
        for each in self.described["volumes"]:
            self._volume(*each.split(":"))
        for each in self.described["secrets"]:
            self.container.volumes[f"/run/secrets/{each}"] = (here / compose["secrets"][each]["file"], "ro")

    def _volume(self, source, target, mode="rw"):
        if source.startswith("./"):
            self.container.volumes[target] = (self.here / source, mode)
            return
        # As an engine makes a volume: with the owner and mode that the directory has in the image.
        made, original = self.directory / source, (self.container.root / target[1:]).stat()
        made.mkdir()
        os.chmod(images_user(made), original.st_mode & 0o7777)
        assert original.st_uid == OWNER
        self.container.volumes[target] = (made, mode)

    @property
    def data(self):
        volume = next(each.split(":")[0] for each in self.described["volumes"] if each.split(":")[1] == "/var/lib/postgresql/data")
        return self.directory / volume / "pgdata"

    def start(self, *more):
        self.server = self.container.start(self.log, *self.entrypoint, *self.described["command"], *more)
        return self

    def sql(self, text, check=True):
        done = self.container.run("psql", "-X", "-A", "-t", "-q", "-U", "postgres", "-c", text, check=check)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def wait(self, query, answer, timeout=60):
        host.wait_for(lambda: self.sql(query, check=False) == answer,
                      lambda: f"{self.name}: {query} gives {self.sql(query, check=False)!r}\n{self.log.read_text(errors='replace')[-4000:]}", timeout, 0.5)

    def stop(self, how=signal.SIGINT):
        """By the number that it gave itself: the processes are the host's."""
        if self.server is None:
            return
        try:
            os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), how)
        except FileNotFoundError:
            pass
        try:
            self.server.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
        self.server.stop()


def by_hand(built, compose, here, primary):
    """The service for calls by hand sees the primary's data directory and spool, in walship's own image, as its own user."""
    described = compose["services"]["walship"]
    container = built.container(images.WALSHIP)
    container.user = built.inspect(images.WALSHIP)["User"]
    for each in described["secrets"]:
        container.volumes[f"/run/secrets/{each}"] = primary.container.volumes[f"/run/secrets/{each}"]
    for each in described["volumes"]:
        source, target, mode = (each.split(":") + ["rw"])[:3]
        container.volumes[target] = (here / source if source.startswith("./") else primary.directory / source, mode)
    told = container.run("walship", "status").stdout.decode()
    assert told.startswith("walship OK"), told


@pytest.fixture
def compose(scratch):
    """(what compose.yaml says, the directory it lies in, with secrets in it)."""
    here = scratch.directory("compose") / "docker"
    shutil.copytree(DOCKER, here, ignore=shutil.ignore_patterns("secrets"))
    host.run([here / "make-secrets"], as_user=False)
    return yaml.safe_load((here / "compose.yaml").read_text()), here


def test_compose_primary_and_standby(built, compose, scratch):
    said, here = compose
    directory = scratch.directory("volumes")
    secret = (here / "secrets/s3-secret").read_text().strip()
    with strict_s3.StrictS3(bucket="walship", access_key="walship", secret_key=secret) as store:
        conf = here / "walship.conf"
        assert conf.read_text().count("http://s3:7070") == 1
        conf.write_text(conf.read_text().replace("http://s3:7070", f"http://s3:{store.port}"))
        primary, standby = (Service(built, said, name, directory, here) for name in ("primary", "standby"))
        (port,) = host.free_ports(1)
        for each in (primary, standby):
            each.container.env["PGPORT"] = port
        try:
            primary.start()
            primary.wait("select 1", "1")
            primary.sql("create table t as select 42 as answer")
            # Both on one host: the standby keeps to its socket.
            standby.start("-c", "listen_addresses=")
            standby.wait("select pg_is_in_recovery()", "t")
            primary.sql("insert into t values (43)")
            primary.sql("select pg_switch_wal()")
            standby.wait("select sum(answer) from t", "85")
            assert standby.sql("select count(*) from pg_stat_wal_receiver") == "0"  # it came out of the archive
            assert primary.sql("select failed_count from pg_stat_archiver") == "0"
            for each in (primary, standby):
                check = each.described["healthcheck"]["test"]
                assert check[0] == "CMD"
                each.container.run(*check[1:])
            by_hand(built, said, here, primary)
            standby.sql("select pg_promote()")
            standby.sql("insert into t values (44)")
            standby.sql("select pg_switch_wal()")
            host.wait_for(lambda: any("/wal/0000000200000000/" in key for key in store.bucket.keys()), "the promoted standby archives")
            assert [key for key in store.bucket.keys() if key.endswith("00000002.history")]
        finally:
            for each in (primary, standby):
                each.stop()
    for each in (primary, standby):
        text = each.log.read_text(errors="replace")
        assert "database system is shut down" in text, text[-3000:]
        assert not [line for line in text.splitlines() if "archive command failed" in line or "PANIC" in line]
        assert secret not in text
