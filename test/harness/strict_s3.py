"""An S3 server that refuses whatever is not exactly right, and makes faults to order.

Signatures are checked with botocore; objects lie in files; every request is noted. What it does beyond S3 is in
strict_s3_faults.py and strict_s3_lies.py: `server.faults` is a list of names, one for each request to come (None: no fault), or a function
of the request.
"""

import collections
import select
import socket
import socketserver
import ssl
import tempfile
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from . import strict_s3_faults
from .listener import Listener
from .strict_s3_auth import Refused, check_body, check_customer_key, check_head
from .strict_s3_bucket import Bucket, Reply, error
from .strict_s3_faults import FAULTS, Lost, random_faults  # noqa: F401
from .strict_s3_lies import LIES

HEAD_MAX = 64 << 10
IDLE_S = 120


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes = b""
    bucket: str = ""
    key: str = ""
    query: dict = field(default_factory=dict)
    fault: str = None
    status: int = 0  # what it was answered with; 0: nothing, or not in full
    at: float = 0.0
    size: int = 0    # of the body


class Exchange:
    """One request on its connection, and the ways to answer it, rightly and wrongly."""

    def __init__(self, connection, server):
        self.connection, self.server = connection, server
        self.buffer = b""
        self.length = 0

    def receive(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            raise Lost(reset=False)
        return piece

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_MAX:
                raise Lost
            self.buffer += self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {}
        for name, _, value in (line.partition(":") for line in lines):
            name, value = name.strip().lower(), value.strip()
            # Said twice, it counts as a list, for the signature too.
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        self.length = int(headers.get("content-length", 0))
        return self.server.locate(Request(method, target, headers, at=time.monotonic(), size=self.length))

    def read_some(self, length):
        while len(self.buffer) < length:
            self.buffer += self.receive()

    def read_body(self):
        pieces, got = [self.buffer], len(self.buffer)
        while got < self.length:
            pieces.append(self.receive())
            got += len(pieces[-1])
        whole = b"".join(pieces)
        self.buffer = whole[self.length:]
        return whole[:self.length]

    def wait_for_the_end(self):
        self.connection.settimeout(IDLE_S)
        while self.connection.recv(1 << 16):
            pass

    def date(self, offset=0):
        return formatdate(self.server.now() + offset, usegmt=True)

    def bytes_of(self, reply, length=None):
        length = len(reply.body) if length is None else length
        headers = {"Date": self.date(), "x-amz-request-id": "strict", "Content-Length": length, **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + (b"" if self.headless else reply.body)

    def put(self, data):
        self.connection.sendall(data)

    def send(self, reply, stop_after=None, length=None):
        """stop_after: bytes of the body; length: what Content-Length says instead of the truth."""
        data = self.bytes_of(reply, length)
        if stop_after is not None and not self.headless:
            data = data[:len(data) - len(reply.body) + stop_after]
        self.put(data)

    headless = False  # HEAD: the answer has no body


class StrictS3(Listener):
    """Runs from `with` to its end, on a free port of loopback. tls: (certificate, key). client_authority: of the certificates
    that clients must show."""

    def __init__(self, directory=None, *, tls=None, bucket="strict", region="ca-central-1", access_key="AKIASTRICT",
                 secret_key="strict/secret+key", session_token=None, domain="localhost", client_authority=None, **of_bucket):
        self._own = None if directory else tempfile.TemporaryDirectory(prefix="strict-s3-")
        objects = Path(directory or self._own.name) / "objects"
        objects.mkdir()
        self.bucket = Bucket(objects, bucket, **of_bucket)
        self.region, self.access_key, self.secret_key, self.session_token = region, access_key, secret_key, session_token
        self.domain = domain  # of virtual-hosted style: BUCKET.domain
        self.expired_tokens = set()
        self.clock_offset = 0
        self.requests = []
        self.injected = collections.Counter()
        self.faults = []
        self._lock = threading.Lock()
        self._connections = set()
        self._tls = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        if client_authority:
            self._tls.load_verify_locations(client_authority)
            self._tls.verify_mode = ssl.CERT_REQUIRED
        super().__init__(self._handler(), scheme="https" if tls else "http")

    def __exit__(self, *_):
        super().__exit__()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # has ended by itself
        if self._own:
            self._own.cleanup()

    def now(self):
        return time.time() + self.clock_offset

    def count(self, method=None):
        return sum(method in (None, request.method) for request in self.requests)

    @property
    def open_uploads(self):
        return len(self.bucket.uploads)

    def options(self, directory, user):
        """walship's options for this server; the secret in a file of user's."""
        secret = user.write(Path(directory) / "strict-secret", self.secret_key + "\n", 0o600)
        return {"repo": f"s3://{self.bucket.name}/pre", "s3-endpoint": self.url, "s3-region": self.region,
                "s3-no-replace": "condition", "s3-key": self.access_key, "s3-key-secret-file": secret}

    def check(self, request):
        """Raises Refused."""
        check_head(request, self)
        check_body(request)
        check_customer_key(request, self._tls is not None)

    def locate(self, request):
        path, _, query = request.target.partition("?")
        request.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        path = urllib.parse.unquote(path)
        if host.endswith("." + self.domain):
            request.bucket, request.key = host.removesuffix("." + self.domain), path[1:]
        else:
            request.bucket, _, request.key = path[1:].partition("/")
        return request

    def _next_fault(self, request):
        with self._lock:
            self.requests.append(request)
            if callable(self.faults):
                name = self.faults(request)
            else:
                name = self.faults.pop(0) if self.faults else None
            if name:
                self.injected[name] += 1
            return name

    def _answer(self, exchange, request):
        """The reply to a request, which check and operation may refuse."""
        exchange.headless = request.method == "HEAD"
        request.fault = self._next_fault(request)
        exchange.request = request
        fault = (FAULTS.get(request.fault) or LIES[request.fault]) if request.fault else {}
        if "early" in fault:
            fault["early"](exchange)
        if request.headers.get("expect") == "100-continue":
            exchange.put(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = exchange.read_body()
        if "instead" in fault:
            return fault["instead"](exchange)
        try:
            self.check(request)
            reply = self.bucket.carry_out(request)
        except Refused as refused:
            reply = error(refused.status, refused.code, refused.message, **refused.more)
            reply.headers.update(refused.headers)
        return fault["late"](exchange, reply) if "late" in fault else reply

    def _serve(self, connection):
        exchange = Exchange(connection, self)
        while True:
            request = exchange.read_head()
            reply = self._answer(exchange, request)
            request.status = reply.status
            request.body = None  # noted without its weight
            exchange.send(reply)

    def _handler(self):
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                connection = self.request
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(IDLE_S)
                try:
                    if server._tls:
                        connection = server._tls.wrap_socket(connection, server_side=True)
                    with server._lock:
                        server._connections.add(connection)
                    server._serve(connection)
                except Lost as lost:
                    if lost.reset:
                        strict_s3_faults.reset(connection)
                    else:
                        linger(connection)
                except (OSError, ValueError):
                    pass  # the client went away, or does not speak HTTP
                finally:
                    with server._lock:
                        server._connections.discard(connection)
                    connection.close()
        return Handler


def linger(connection):
    """An orderly end: without it, bytes of the client that were not read turn the close into a reset."""
    end = time.monotonic() + 2
    try:
        connection.shutdown(socket.SHUT_WR)
        while time.monotonic() < end and select.select([connection], [], [], 0.1)[0]:
            if not connection.recv(1 << 16):
                break
    except OSError:
        pass  # the client was faster
