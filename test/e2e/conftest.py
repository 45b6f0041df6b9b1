"""Fixtures: one scratch directory and one S3 server for the whole run, one repository for each test."""

import os
import signal
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

from harness import certs, disk, extent, host, postgres, proxy, radosgw, store, wal, walship  # noqa: E402

SCRATCH_KIB = 8 << 20
SYSTEM_ID = 7601921254259666965  # of the made-up segments
disk.enter_private_namespace()


def pytest_configure():
    """A termination must pass through the clean-up, as Ctrl-C does.

    Programs start with the signals as they are by default: who runs the tests may ignore some (nohup, a shell's &), and
    that would be inherited.
    """
    def interrupt(*_):
        raise KeyboardInterrupt
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_collection_modifyitems(config, items):
    items[:], left = extent.select(items, extent.extent())
    if left:
        config.hook.pytest_deselected(items=left)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling
    return extent.scheduler(LoadScopeScheduling, config, log)


def processor_seconds():
    used = os.times()
    return sum(used[:4])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Removes the directories of a test after the test: a whole run writes more than a disk may have room for."""
    item.processor_start = processor_seconds()
    with host.Scratch.owner() as made:
        yield
    remove_trees(made)


def remove_trees(paths):
    for path in paths:
        host.remove_tree(path)


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef, request):
    """Removes the directories of a fixture that several tests share, as the last step of its end."""
    if fixturedef.scope == "function":
        yield
        return
    with host.Scratch.owner() as made:
        fixturedef.addfinalizer(lambda: remove_trees(made))
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Processor time of the test and of the programs that it ran, into junit.xml: wall time says little on a loaded machine."""
    if call.when == "teardown":
        item.user_properties.append(("processor_seconds", f"{processor_seconds() - item.processor_start:.2f}"))
    yield


def scratch_in_memory():
    """Whether the scratch directory lies in memory: there tests take half of the processor time. Full runs use a disk, if
    TEST_SCRATCH=memory does not say otherwise.

    ext4 does not reuse an inode in the seconds after its file was removed (recently_deleted in fs/ext4/ialloc.c), and looks
    at each such inode whenever it makes a file: these tests remove thousands of files in each second.
    """
    wanted = extent.extent() != "full" or os.environ.get("TEST_SCRATCH") == "memory"
    return wanted and disk.refusal() is None and host.available_memory_kib() > SCRATCH_KIB * 3 // 2


@pytest.fixture(scope="session")
def scratch():
    place = host.Scratch()
    in_memory = scratch_in_memory()
    if in_memory:
        disk.mount_memory(place.path, SCRATCH_KIB)
    yield place
    if in_memory:
        disk.unmount(place.path)
    place.remove()


@pytest.fixture(scope="session")
def program(scratch):
    """walship where the ordinary user can run it."""
    return walship.install(scratch.directory("bin"))


@pytest.fixture(scope="session")
def authority(scratch):
    return certs.Authority(scratch.path / "ca")


@pytest.fixture(scope="session")
def s3_server(scratch, authority):
    server = radosgw.Radosgw(scratch.directory("s3"), authority, extent.rounds(6144, 1024)).start()
    yield server
    server.stop()


@dataclass
class Site:
    """A repository and a walship that is configured for it."""
    directory: Path
    store: object
    walship: walship.Walship
    system_id: int = SYSTEM_ID

    def run(self, *args, **kwargs):
        return self.walship.run(*args, **kwargs)

    def file(self, name, content):
        """A file to push, in a directory of its own, as pg_wal would hold it."""
        place = Path(self.scratch.directory("f"))
        return host.USER.write(place / name, content, 0o600)

    def kind(self, kind, seed=0):
        """(name, content, object name) of a made-up file."""
        name, content = wal.KINDS[kind]
        return name, content(self.system_id, seed), wal.object_name(self.system_id, name)

    def cluster(self, name):
        return postgres.Cluster(self.directory, name, self.walship.secrets)

    def primary(self, name="primary", *initdb, **settings):
        """A cluster that archives here; not started."""
        made = self.cluster(name).initdb(*initdb)
        return made.configure(**{"archive_command": self.walship.command("push", "%p"), **settings})

    def restored(self, backup, name="restored", signal_file="recovery.signal", **settings):
        """A copy of a backup that recovers from here; not started."""
        made = self.cluster(name).copy_of(backup)
        made.configure(archive_command=self.walship.command("push", "%p"),
                       restore_command=self.walship.command("fetch", "%f", "%p"), **settings)
        return made.signal_file(signal_file)

    scratch: host.Scratch = None


def make_site(kind, request, scratch, program):
    """A fresh repository of this kind. Timeouts are short: nothing on loopback takes long."""
    directory = scratch.directory()
    proxies = []
    if kind == "dir":
        behind = store.Directory(directory)
    else:
        server = request.getfixturevalue("s3_server")
        proxies.append(proxy.Proxy(("127.0.0.1", server.tls_port)))
        behind = store.S3(directory, server, directory.name, proxies[0])
    options = {**behind.options, "push-timeout": "10s", "fetch-timeout": "10s"}
    return Site(directory, behind, walship.Walship(program, directory, options, secrets=behind.secrets), scratch=scratch)


@pytest.fixture(params=["dir", "s3"])
def site(request, scratch, program):
    made = make_site(request.param, request, scratch, program)
    yield made
    made.store.close()


@pytest.fixture
def dir_site(request, scratch, program):
    made = make_site("dir", request, scratch, program)
    yield made
    made.store.close()


@pytest.fixture
def s3_site(request, scratch, program):
    made = make_site("s3", request, scratch, program)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def control_file(scratch):
    """(system id, pg_control) of a real cluster that was never started."""
    made = postgres.Cluster(scratch.directory(), "control").initdb("--wal-segsize=1")
    return made.system_id(), (made.data / "global/pg_control").read_bytes()


@pytest.fixture
def data_dir(scratch, control_file):
    """A data directory as far as walship looks at one: pg_control, PG_VERSION and pg_wal."""
    path = scratch.directory("data")
    for name in ("global", "pg_wal", "pg_wal/archive_status"):
        host.USER.mkdir(path / name, 0o700)
    host.USER.write(path / "PG_VERSION", "15\n")
    host.USER.write(path / "global/pg_control", control_file[1], 0o600)
    return path


@pytest.fixture
def tls_front(s3_server):
    """Make proxies that end TLS with another certificate in front of the same server."""
    made = []

    def front(cert, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        made.append(proxy.Proxy(("127.0.0.1", s3_server.http_port), tls=context))
        return made[-1]
    yield front
    for each in made:
        each.stop()


@pytest.fixture
def small_disk(scratch):
    """Make small file systems; skips where none can be made."""
    if disk.refusal():
        pytest.skip(disk.refusal())
    made = []

    def make(size_kib):
        made.append(disk.SmallDisk(scratch.directory("disk"), size_kib, host.USER))
        return made[-1]
    yield make
    for each in made:
        each.remove()


@pytest.fixture
def hosts(scratch):
    """Name addresses for the time of a test, in an /etc/hosts that only we see."""
    if disk.refusal():
        pytest.skip(disk.refusal())
    bound = []

    def add(address, *names):
        path = scratch.directory("etc") / "hosts"
        host.USER.write(path, Path("/etc/hosts").read_text() + f"\n{address} {' '.join(names)}\n")
        bound.append(disk.BoundFile(path, "/etc/hosts"))
    yield add
    for each in bound:
        each.remove()


@pytest.fixture
def seed(request):
    """For what is random: printed when the test fails; TEST_SEED repeats a run."""
    value = int(os.environ.get("TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"TEST_SEED={value}")
    return value
