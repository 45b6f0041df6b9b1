"""Runs a walship where 169.254.169.254 and 169.254.170.2 are ours: in a network namespace that ends with this process.

    unshare --net python3 in_own_network.py FOLDER WALSHIP-ARGV...

Prints, as JSON, how each of the two endpoints' credentials fared.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import host, roles, strict_s3  # noqa: E402

ADDRESSES = ("169.254.169.254", "169.254.170.2")


def main(directory, *argv):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in ADDRESSES:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    outcome = {}
    with strict_s3.StrictS3(session_token="the-token") as server:
        for address, env in zip(ADDRESSES, ({"AWS_EC2_METADATA_DISABLED": "false"},
                                            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container"})):
            with roles.Roles(server.access_key, server.secret_key, "the-token", (address, 80)) as endpoint:
                place = host.USER.mkdir(Path(directory) / address, 0o700)
                # A proxy that is not there: these endpoints are never asked through one.
                more = {"WALSHIP_S3_ENDPOINT": server.url, "WALSHIP_SPOOL": str(place / "spool"),
                        "http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1", **env}
                done = subprocess.run(argv, env=host.clean_env(**more), capture_output=True, check=False, cwd=directory,
                                      **host.USER.popen_args())
                outcome[address] = {"code": done.returncode, "err": done.stderr.decode(), "asked": endpoint.requests}
        outcome["stored"] = server.bucket.keys()
    print(json.dumps(outcome))


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    main(*sys.argv[1:])
