"""An HTTP proxy as companies have one: CONNECT for https, absolute URLs for http; it notes what it was asked for."""

import select
import socket
import socketserver
import urllib.parse

from .listener import Listener


class ForwardProxy(Listener):
    """asked: method and target of each request. authorization: what a client must send as Proxy-Authorization."""

    def __init__(self, authorization=None, tls=None):
        self.asked, self.authorization = [], authorization
        super().__init__(self._handler(), tls=tls)

    def _handler(self):
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            rbufsize = 0  # what comes behind the head stays in the socket, where select() sees it

            def handle(self):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
                method, target, _ = head.decode().split(" ", 2)
                proxy.asked.append(f"{method} {target}")
                if proxy.authorization and f"Proxy-Authorization: {proxy.authorization}".encode() not in head:
                    self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                address = urllib.parse.urlsplit(target if method != "CONNECT" else f"//{target}")
                with socket.create_connection((address.hostname, address.port), timeout=10) as far:
                    if method == "CONNECT":
                        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    else:
                        far.sendall(head.replace(f"{address.scheme}://{address.netloc}".encode(), b"", 1))
                    self.pass_on(far)

            def pass_on(self, far):
                near = self.connection
                while True:
                    for ready in select.select([near, far], [], [], 30)[0]:
                        data = ready.recv(1 << 16)
                        if not data:
                            return
                        (near if ready is far else far).sendall(data)
        return Handler
