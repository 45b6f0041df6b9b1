"""A real S3 server: Ceph's radosgw with one monitor and one in-memory OSD, all on loopback, below one folder."""

import json
import os
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

from . import host

# One monitor and one OSD, no cephx, nothing outside the folder. Two settings are not obvious:
# without `ms mon client mode = crc` radosgw does not start without cephx, and with the usual
# `paxos propose interval` the start takes ten times as long.
CONF = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
ms bind ipv4 = true
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = {dir}
admin socket = {dir}/$name.asok
log file = {dir}/$name.log
crash dir = {dir}/crash
keyring = {dir}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000

[mon]
mon data = {dir}/mon
mon cluster log file = {dir}/cluster.log
mon data avail crit = 1
mon data avail warn = 1
mon osd min up ratio = 0
paxos propose interval = 0.05
paxos min wait = 0.01
ms bind msgr1 = false

[osd]
osd data = {dir}/osd
osd objectstore = memstore
memstore device bytes = {memory}
osd op num shards = 2
osd op num threads per shard = 1
osd class load list = *
osd class default list = *
ms bind msgr1 = false

[client]
admin socket =

[client.rgw]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:{http_port} ssl_endpoint=127.0.0.1:{tls_port} ssl_certificate={cert} ssl_private_key={key}
rgw data = {dir}/rgw
rgw dns name = s3.test
rgw enable usage log = false
rgw enable ops log = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw run sync thread = false
rgw enable quota threads = false
rgw thread pool size = 32
rgw override bucket index max shards = 1
"""

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")


class Radosgw:
    """One server with one user and one bucket. Both endpoints serve the same; `endpoint` is the one with TLS."""

    access_key = "WALSHIPTESTKEY000001"
    secret_key = "walship+test/secret=0123456789abcdefABCD"
    bucket = "walship-test"
    region = "ca-central-1"

    def __init__(self, directory: Path, authority, memory_mib=1024):
        self.directory = Path(directory)
        self.authority = authority
        self.memory = memory_mib * 1024 * 1024
        self.servers = []
        self.users = set()

    def start(self):
        """Ports are free when chosen and may be gone when bound: then once more with others."""
        missing = [name for name in PROGRAMS if not shutil.which(name)]
        if missing:
            raise RuntimeError(f"not installed: {' '.join(missing)}: run test/install")
        for attempt in range(3):
            try:
                self._start(self.directory / f"ceph{attempt}")
                return self
            except Exception:
                self.stop()
                if attempt == 2:
                    raise
        return None

    def stop(self):
        """Nothing in here outlives the run, so a second of grace is enough."""
        for server in self.servers:
            if server.alive:
                server.process.send_signal(signal.SIGTERM)
        for server in reversed(self.servers):
            server.stop((signal.SIGTERM, 1))
        self.servers = []

    def client(self, access_key=None, secret_key=None):
        """boto3's S3 client: the independent reader and writer. Without keys as the bucket's owner."""
        import boto3
        from botocore.config import Config
        return boto3.client("s3", endpoint_url=self.endpoint, region_name=self.region, verify=str(self.ca_file),
                            aws_access_key_id=access_key or self.access_key, aws_secret_access_key=secret_key or self.secret_key,
                            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4",
                                          connect_timeout=10, read_timeout=30, proxies={}))

    def add_user(self, name):
        """(access key, secret) of another user, who owns nothing."""
        key, secret = f"WALSHIPTEST{name.upper()}", f"walship+{name}/0123456789abcdefABCDEF"
        if name not in self.users:
            self._ceph("radosgw-admin", "--id", "rgw", "user", "create", "--uid", name, "--display-name", name,
                       "--access-key", key, "--secret", secret)
            self.users.add(name)
        return key, secret

    def variables(self):
        """What a test in another language needs to find the server."""
        return {"TEST_S3_ENDPOINT": self.endpoint, "TEST_S3_ENDPOINT_HTTP": self.http_endpoint,
                "TEST_S3_CA_FILE": str(self.ca_file), "TEST_S3_REGION": self.region, "TEST_S3_BUCKET": self.bucket,
                "TEST_S3_KEY": self.access_key, "TEST_S3_KEY_SECRET": self.secret_key}

    def _start(self, directory):
        for name in ("", "mon", "osd", "rgw", "crash"):
            (directory / name).mkdir()
        self.conf = directory / "ceph.conf"
        mon_port, self.http_port, self.tls_port = host.free_ports(3)
        self.endpoint = f"https://127.0.0.1:{self.tls_port}"
        self.http_endpoint = f"http://127.0.0.1:{self.http_port}"
        self.ca_file = self.authority.file
        cert, key = self.authority.issue(f"radosgw-{self.tls_port}")
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        self.conf.write_text(CONF.format(fsid=fsid, mon_port=mon_port, http_port=self.http_port, tls_port=self.tls_port,
                                         cert=cert, key=key, dir=directory, memory=self.memory))
        (directory / "keyring").touch()

        monmap = directory / "monmap"
        tool("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"v2:127.0.0.1:{mon_port}",
             "--set-min-mon-release", "pacific", monmap)
        self._ceph("ceph-mon", "--mkfs", "--id", "a", "--monmap", monmap)
        self._launch("mon", "ceph-mon", "--foreground", "--id", "a")
        self._ceph("ceph", "--connect-timeout", "20", "osd", "new", osd)
        self._ceph("ceph-osd", "--mkfs", "--id", "0", "--osd-uuid", osd)
        self._launch("osd", "ceph-osd", "--foreground", "--id", "0")

        admin = ("radosgw-admin", "--id", "rgw")
        self._ceph(*admin, "user", "create", "--uid", "walship", "--display-name", "walship",
                   "--access-key", self.access_key, "--secret", self.secret_key)
        # The zonegroup's api_name is the region that the server announces.
        zone = json.loads(self._ceph(*admin, "zonegroup", "get"))
        zone["api_name"] = self.region
        zone["hostnames"] = ["s3.test", "localhost"]
        self._ceph(*admin, "zonegroup", "set", stdin=json.dumps(zone))

        rgw = self._launch("rgw", "radosgw", "--foreground", "--name", "client.rgw")
        host.wait_for(lambda: not rgw.alive or listening(self.tls_port), "radosgw listens", timeout=60)
        if not rgw.alive:
            raise RuntimeError("radosgw ended: " + (directory / "rgw.out").read_text(errors="replace")[-2000:])
        self.client().create_bucket(Bucket=self.bucket)

    def _ceph(self, program, *args, stdin=None):
        return tool(program, "--conf", self.conf, *args, stdin=stdin)

    def _launch(self, name, program, *args):
        server = host.Server([program, "--conf", self.conf, *args], self.conf.parent / f"{name}.out",
                             env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.servers.append(server)
        return server


def tool(*argv, stdin=None):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, input=stdin, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def listening(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False
