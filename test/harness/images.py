"""Container images without an engine: a base made with debootstrap, built and run by buildah with chroot isolation.

Everything lies below one folder. What runs in a container has its file system and its user, and the host's network and
processes.
"""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

from . import disk, host

# What `FROM debian:bookworm-slim` finds, as images that are here come first.
DEBIAN = "localhost/debian:bookworm-slim"
POSTGRES = "localhost/postgres:15-bookworm"
BASE_KIB = 1 << 20  # it takes a third of that
ROOT = SimpleNamespace(uid=0, gid=0)
WALSHIP, POSTGRES_WALSHIP = "localhost/walship", "localhost/postgres-walship"

# What Debian's own image has in its place: no documents, no packages kept, no fsync for each of them.
SLIM = {
    "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\nforce-unsafe-io\n",
    "etc/apt/apt.conf.d/docker": 'APT::Keep-Downloaded-Packages "false";\nAcquire::Languages "none";\nAPT::Install-Suggests "false";\n'
                                 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin"; };\n',
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}
NOT_SLIM = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt/archives", "var/lib/apt/lists", "var/log")

# PostgreSQL's image as far as walship's and compose.yaml rely on it: the user's number, the programs in PATH, and an
# entrypoint that makes the cluster before it becomes the command.
POSTGRES_DOCKERFILE = """FROM debian:bookworm-slim
RUN groupadd --system --gid 999 postgres \\
 && useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \\
 && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data /var/run/postgresql \\
 && apt-get update && mkdir -p /etc/postgresql-common/createcluster.d \\
 && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/none.conf \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-15 \\
 && rm -rf /var/lib/apt/lists/*
COPY docker-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
"""
POSTGRES_ENTRYPOINT = """#!/bin/bash
set -eu
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --locale=C.UTF-8 --no-sync >/dev/null
	echo "listen_addresses = '127.0.0.1'" >>"$PGDATA/postgresql.conf"
	sed -i '/^host/d' "$PGDATA/pg_hba.conf"
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	for each in /docker-entrypoint-initdb.d/*.sh; do . "$each"; done
fi
exec "$@"
"""


def mirror():
    """Where this machine's own packages come from, or None."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"],
                          capture_output=True, text=True, check=False)
    found = [line.split(" ")[2] for line in done.stdout.splitlines() if line.startswith("bookworm main ")]
    return found[0].rstrip("/") if found else None


def refusal():
    """Why no images can be built here, or None."""
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
    if missing:
        return f"not installed: {' '.join(missing)}"
    if os.geteuid() != 0:
        return "debootstrap and buildah's chroot isolation need root"
    source = mirror()
    if source is None:
        return "apt knows no source of bookworm"
    done = subprocess.run(["curl", "-sfI", "--max-time", "20", f"{source}/dists/bookworm/InRelease"], capture_output=True, check=False)
    return None if done.returncode == 0 else f"{source} cannot be reached: {done.stderr.decode().strip() or f'curl exit {done.returncode}'}"


class Images:
    """buildah with a storage of its own. seconds: how long each step took."""

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.seconds = {}
        self.debian = self.directory / "debian"
        self.containers = []
        self.disk = None
        self.env = {**os.environ, "HOME": str(self.directory), "TMPDIR": str(self.directory), "BUILDAH_ISOLATION": "chroot", "LC_ALL": "C.UTF-8"}

    def buildah(self, *args, timeout=300, check=True):
        done = subprocess.run(self._argv(*args), capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, env=self.env, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"buildah {' '.join(map(str, args))}: exit {done.returncode}\n{text(done)[-6000:]}")
        return done

    def _argv(self, *args):
        return ["buildah", "--root", self.directory / "storage", "--runroot", self.directory / "run", *map(str, args)]

    def _timed(self, what, function, *args):
        start = time.monotonic()
        result = function(*args)
        self.seconds[what] = round(time.monotonic() - start, 1)
        return result

    # The base images.

    def make_bases(self):
        self._timed("debootstrap", self._debootstrap)
        self._timed("debian image", self._debian_image)
        self._postgres_image()

    def _debootstrap(self):
        self.debian.mkdir()
        # In memory, where dpkg's many fsyncs cost nothing: twice as fast on an idle disk, five times on a busy one.
        if disk.refusal() is None:
            self.disk = disk.SmallDisk(self.debian, BASE_KIB, ROOT)
        done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", self.debian, mirror()], capture_output=True, timeout=240,
                              stdin=subprocess.DEVNULL, env=self.env, check=False)
        assert done.returncode == 0, text(done)[-3000:]
        for name in NOT_SLIM:
            for path in (self.debian / name).iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, content in SLIM.items():
            (self.debian / name).write_text(content)
        (self.debian / "usr/sbin/policy-rc.d").chmod(0o755)

    def _debian_image(self):
        container = self.buildah("from", "scratch").stdout.decode().strip()
        self.buildah("add", container, self.debian, "/")
        self.buildah("config", "--cmd", "bash", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
        self.buildah("commit", "--rm", container, DEBIAN)
        self._drop_base()

    def _drop_base(self):
        if self.disk:
            self.disk.remove()
            self.disk = None
        shutil.rmtree(self.debian, ignore_errors=True)

    def _postgres_image(self):
        context = self.directory / "postgres"
        context.mkdir()
        (context / "Dockerfile").write_text(POSTGRES_DOCKERFILE)
        (context / "docker-entrypoint.sh").write_text(POSTGRES_ENTRYPOINT)
        (context / "docker-entrypoint.sh").chmod(0o755)
        self.build(POSTGRES, context)

    # The project's images.

    def build(self, name, context, *args):
        self._timed(f"build of {name}", lambda: self.buildah("build", "--pull-never", "--layers", "--tag", name, *args, context, timeout=400))

    def inspect(self, name):
        """The image's configuration, as OCI has it."""
        return json.loads(self.buildah("inspect", "--type", "image", name).stdout)["OCIv1"]["config"]

    def container(self, image):
        """A new one; in it the names of compose.yaml's services mean this host."""
        name = self.buildah("from", "--pull-never", "--add-host", "primary:127.0.0.1", "--add-host", "s3:127.0.0.1", image).stdout.decode().strip()
        self.containers.append(name)
        return Container(self, name)

    def remove(self):
        """Ends what is mounted below the directory, the innermost first; the directory itself goes with the rest of the run's."""
        self._drop_base()
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for path in reversed([path for path in mounted if path.startswith(f"{self.directory}/")]):
            disk.unmount(path)


class Container:
    """A file system to run programs in. volumes: {path in it: (path here, "rw" or "ro")}."""

    def __init__(self, images, name):
        self.images, self.name = images, name
        self.root = Path(images.buildah("mount", name).stdout.decode().strip())
        self.volumes, self.env, self.user = {}, {}, None

    def argv(self, *command):
        options = [f"--user={self.user}"] if self.user else []
        options += [f"--volume={here}:{there}:{mode}" for there, (here, mode) in self.volumes.items()]
        options += [f"--env={name}={value}" for name, value in self.env.items()]
        return self.images._argv("run", "--isolation=chroot", *options, self.name, "--", *command)

    def run(self, *command, timeout=120, check=True):
        """The image's user, its environment, and ours."""
        done = subprocess.run(self.argv(*command), capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, env=self.images.env, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{text(done)[-4000:]}")
        return done

    def start(self, log, *command):
        return host.Server(self.argv(*command), log, env=self.images.env)

    def packages(self):
        return set(self.run("dpkg-query", "-W", "-f", "${Package}\n").stdout.decode().split())

    def bytes(self):
        """What its files take, counted once each."""
        done = subprocess.run(["du", "-sbx", self.root], capture_output=True, check=True)
        return int(done.stdout.split()[0])


def text(done):
    return (done.stdout + done.stderr).decode(errors="replace")
