"""The two kinds of repository as a test sees them: behind walship's back."""

import shutil
from pathlib import Path

from . import host


class Directory:
    """A file:// repository."""

    kind = "dir"

    def __init__(self, directory: Path):
        self.path = host.USER.mkdir(Path(directory) / "repo", 0o750)
        self.url = f"file://{self.path}"
        self.options = {"repo": self.url}
        self.secrets = []

    def list(self):
        return sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*") if not p.is_dir())

    def get(self, name):
        return (self.path / name).read_bytes()

    def put(self, name, data):
        """Also over an object that is there."""
        path = self.path / name
        missing = [p for p in path.parents if not p.exists()]
        for directory in reversed(missing):
            host.USER.mkdir(directory)
        path.unlink(missing_ok=True)
        host.USER.write(path, data)

    def delete(self, name):
        (self.path / name).unlink()

    def reachable(self):
        return self.path.is_dir()

    def go_away(self):
        """As if the disk were not mounted."""
        self.path.rename(f"{self.path}.away")

    def come_back(self):
        Path(f"{self.path}.away").rename(self.path)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class S3:
    """A prefix of its own in radosgw's bucket, reached through a proxy so that it can go away."""

    kind = "s3"

    def __init__(self, directory: Path, server, prefix, proxy):
        self.server, self.prefix, self.proxy = server, prefix, proxy
        self.client = server.client()
        self.url = f"s3://{server.bucket}/{prefix}"
        secret = host.USER.write(Path(directory) / "s3-secret", server.secret_key + "\n", 0o600)
        self.options = {"repo": self.url, "s3-endpoint": f"https://127.0.0.1:{proxy.port}", "s3-region": server.region,
                        "s3-no-replace": "condition", "s3-ca-file": server.ca_file, "s3-key": server.access_key, "s3-key-secret-file": secret}
        self.secrets = [server.secret_key.encode()]

    def list(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.server.bucket, Prefix=self.prefix + "/")
        return sorted(item["Key"][len(self.prefix) + 1:] for page in pages for item in page.get("Contents", []))

    def get(self, name):
        return self.client.get_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{name}")["Body"].read()

    def put(self, name, data):
        self.client.put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{name}", Body=data)

    def delete(self, name):
        self.client.delete_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{name}")

    def reachable(self):
        return True

    def go_away(self):
        self.proxy.go_away()

    def come_back(self):
        self.proxy.come_back()

    def close(self):
        self.proxy.stop()
        names = [{"Key": f"{self.prefix}/{name}"} for name in self.list()]
        for first in range(0, len(names), 1000):
            self.client.delete_objects(Bucket=self.server.bucket, Delete={"Objects": names[first:first + 1000], "Quiet": True})
