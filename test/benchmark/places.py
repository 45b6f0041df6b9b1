"""Where a repository can be: a directory, radosgw over TLS, and the same behind a proxy that makes it far away."""

import re
import shutil
import subprocess

from harness import host, radosgw

STORED = re.compile(r"(?:^|/)[0-9A-F]{24}(?:-[0-9a-f]{40})?(?:\.[a-z0-9]+)?$")
ONE_WAY_MS = 15


class Folder:
    """A directory repository on the disk that is measured."""

    name, title = "directory", "directory"

    def __init__(self, directory, count=0):
        self.parent, self.count = directory, count

    def begin(self):
        self.count += 1
        self.path = host.USER.mkdir(self.parent / f"repo{self.count}", 0o750)

    def walship(self):
        return {"repo": f"file://{self.path}"}

    def pgbackrest(self):
        return {"repo1-path": self.path}

    def sizes(self):
        """Of the segments' objects only."""
        return [p.stat().st_size for p in self.path.rglob("*") if p.is_file() and STORED.search(p.name)]

    def end(self):
        shutil.rmtree(self.path)


class Bucket:
    """A prefix in radosgw's bucket, reached through `port`."""

    def __init__(self, name, title, server, port, secret):
        self.name, self.title, self.server, self.port, self.secret = name, title, server, port, secret
        self.client = server.client()
        self.count = 0

    def begin(self):
        self.count += 1
        self.prefix = f"{self.name}-{self.count:04}"

    def walship(self):
        return {"repo": f"s3://{self.server.bucket}/{self.prefix}", "s3-endpoint": f"https://127.0.0.1:{self.port}",
                "s3-region": self.server.region, "s3-ca-file": self.server.ca_file, "s3-key": self.server.access_key,
                "s3-key-secret-file": self.secret}

    def pgbackrest(self):
        return {"repo1-type": "s3", "repo1-path": f"/{self.prefix}", "repo1-s3-bucket": self.server.bucket,
                "repo1-s3-endpoint": "localhost", "repo1-s3-region": self.server.region, "repo1-s3-uri-style": "path",
                "repo1-s3-key": self.server.access_key, "repo1-s3-key-secret": self.server.secret_key,
                "repo1-storage-host": "localhost", "repo1-storage-port": self.port,
                "repo1-storage-ca-file": self.server.ca_file}

    def _objects(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.server.bucket, Prefix=f"{self.prefix}/")
        return [item for page in pages for item in page.get("Contents", [])]

    def sizes(self):
        return [item["Size"] for item in self._objects() if STORED.search(item["Key"])]

    def requests(self):
        """{method: how many} below the prefix until now, by the server's own log."""
        log = (self.server.conf.parent / "client.rgw.log").read_text(errors="replace")
        found = re.findall(rf'"([A-Z]+) /{self.server.bucket}[/?][^"]*{self.prefix}[^"]*HTTP/', log)
        return {method: found.count(method) for method in sorted(set(found))}

    def end(self):
        """Remove it all, also what radosgw would only remove later: it is in memory."""
        names = [{"Key": item["Key"]} for item in self._objects()]
        for first in range(0, len(names), 1000):
            self.client.delete_objects(Bucket=self.server.bucket, Delete={"Objects": names[first:first + 1000], "Quiet": True})
        radosgw.tool("radosgw-admin", "--conf", self.server.conf, "--id", "rgw", "gc", "process", "--include-all")


class Delay:
    """The proxy that holds every byte back, each way."""

    def __init__(self, program, target):
        self.process = subprocess.Popen([program, str(ONE_WAY_MS), str(target)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
