"""A TCP proxy on loopback that misbehaves when told to."""

import select
import socket
import threading


class Proxy:
    """Forwards to `target` until told otherwise. With `tls` (a server-side ssl.SSLContext) it ends TLS itself.

    go_away() / come_back()   refuse connections and close the open ones; serve again on the same port
    stall()                   accept, but pass nothing on
    cut(n)                    close each connection after n bytes of answer
    delay(seconds)            hold each piece of an answer back that long
    forward()                 no more of the last three
    """

    def __init__(self, target, tls=None):
        self.target = target
        self.tls = tls
        self.accepted = 0
        self.port = 0
        self._connections = set()
        self._lock = threading.Lock()
        self._moved = threading.Event()
        self.forward()
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        self._listen()

    def forward(self):
        self._mode, self._limit, self._seconds = "forward", None, 0
        self._moved.set()

    def stall(self):
        self._moved.clear()
        self._mode = "stall"

    def cut(self, after_bytes):
        self._limit = after_bytes

    def delay(self, seconds):
        self._seconds = seconds

    def go_away(self):
        """A socket that is bound but does not listen refuses connections and keeps the port ours."""
        self._close()
        self._socket = self._bind()

    def come_back(self):
        self._listen()

    def stop(self):
        self.forward()
        self._close()

    def _bind(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        return sock

    def _listen(self):
        self._socket.listen(64)
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def _close(self):
        # shutdown() wakes the thread that sits in accept(); close() alone would not.
        for sock in (self._socket, *self._open()):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _open(self):
        with self._lock:
            return list(self._connections)

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            self._connections.add(client)
        ends = [client]
        try:
            if self.tls:
                ends[0] = self.tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._connections.discard(client)
                    self._connections.add(ends[0])
            ends.append(socket.create_connection(self.target, timeout=30))
            self._pump(*ends)
        except (OSError, ValueError):
            # One end is gone; ValueError is what select() says of a socket that was closed here.
            pass
        finally:
            for sock in ends:
                sock.close()
            with self._lock:
                self._connections.difference_update(ends, [client])

    def _pump(self, client, server):
        answered = 0
        while True:
            pending = self.tls and client.pending()
            ready = [client] if pending else select.select([client, server], [], [])[0]
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if self._mode == "stall":
                    self._moved.wait()
                if source is client:
                    server.sendall(data)
                    continue
                if self._seconds:
                    threading.Event().wait(self._seconds)
                if self._limit is not None and answered + len(data) >= self._limit:
                    client.sendall(data[:max(0, self._limit - answered)])
                    return
                answered += len(data)
                client.sendall(data)
