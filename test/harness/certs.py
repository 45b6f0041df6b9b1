"""Throw-away certificate authorities and server certificates, made with openssl."""

import subprocess
from pathlib import Path

EXTENSIONS = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:s3.test,DNS:*.s3.test
"""


class Authority:
    """A private CA in a directory of its own."""

    def __init__(self, directory: Path, name="walship test CA"):
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o755)
        self.file = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        openssl("req", "-x509", *NEW_KEY, "-keyout", self._key, "-out", self.file, "-days", "30", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, days=30):
        """(certificate, key) for a server on loopback, or for a client; expired already if days is negative."""
        cert, key, request = (self.directory / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self.directory / "extensions"
        extensions.write_text(EXTENSIONS)
        openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", cert)
        return cert, key


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, args))}: {done.stderr}")
