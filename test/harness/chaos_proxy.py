"""A TCP proxy on loopback that damages connections at random: cut, closed, stalled, dripped, the answer lost.

It never looks into the bytes, so TLS passes through it and both ends believe in a bad network.
"""

import math
import random
import select
import socket
import struct
import threading
import time
from collections import Counter

UP, DOWN = 0, 1  # from the client to the server, and back
FAULTS_MAX = 6  # of one connection
HANDSHAKE = 3000  # bytes: about what TLS and the head of a request take
LONGEST_HANG = 20.0
KINDS = ("refused", "cut", "cut", "closed", "lost-answer", *4 * ("stall",), *4 * ("drip",))  # as often as named


class Cut(Exception):
    """This connection ends here. reset: without a goodbye."""

    def __init__(self, reset=True):
        super().__init__()
        self.reset = reset


class ChaosProxy:
    """Forwards to `target`. A connection has up to six faults, each planned with probability `rate`.

    `faults` counts those that took place, by kind; a fault planned for a byte that never came is none.

        refused      reset when it was accepted
        cut, closed  reset, or ended in order, at a random byte of either direction
        lost-answer  reset just when the server answers to a request with a long body
        stall        nothing passes for a moment; hang: for longer than any client waits
        drip         a few bytes at a time
        outage       every connection reset, new ones too, for a while (on request)
        freeze       nothing passes on any connection, for a while (on request)
    """

    def __init__(self, target, seed, *, body_bytes=300_000):
        self.target, self.body_bytes = target, body_bytes
        self.rate = 0.0
        self.faults = Counter()
        self.connections = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._links = set()
        self._away_until = self._frozen_until = 0.0
        self._calm = threading.Event()
        self._calm.set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def storm(self, rate):
        """Faults from now on."""
        self.rate = rate
        self._calm.clear()

    def calm(self):
        """No new faults, and those that last are over."""
        self.rate = 0.0
        self._away_until = self._frozen_until = 0.0
        self._calm.set()

    def outage(self, seconds):
        self.count("outage")
        self._away_until = time.monotonic() + seconds
        for link in self._open():
            link.wake()

    def freeze(self, seconds):
        self.count("freeze")
        self._frozen_until = time.monotonic() + seconds

    def stop(self):
        self.calm()
        shut(self._socket)
        self._socket.close()
        for link in self._open():
            link.wake()

    # For the connections.

    def count(self, kind):
        with self._lock:
            self.faults[kind] += 1

    def away(self):
        return time.monotonic() < self._away_until

    def pause(self, seconds, client):
        """Wait, but not for a client that is gone, and not when all is to be calm."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.away():
            if self._calm.wait(min(left, 0.1)) or gone(client):
                return

    def thaw(self, client):
        self.pause(self._frozen_until - time.monotonic(), client)

    def plan(self):
        """The faults of a new connection: {direction: [(byte, kind)], and the kinds that have no byte}."""
        plan = {UP: [], DOWN: [], None: set()}
        with self._lock:
            for _ in range(FAULTS_MAX):
                if self._random.random() >= self.rate:
                    continue
                kind = self._random.choice(KINDS)
                if kind in ("refused", "lost-answer"):
                    plan[None].add(kind)
                else:
                    plan[self._random.choice((UP, DOWN))].append((self._position(), kind))
        plan[UP].sort()
        plan[DOWN].sort()
        return plan

    def draw(self, least, most):
        with self._lock:
            return self._random.uniform(least, most)

    def _position(self):
        """Half of them before the body or in a short answer, half anywhere in a body."""
        if self._random.random() < 0.5:
            return self._random.randint(1, HANDSHAKE)
        return int(math.exp(self._random.uniform(math.log(HANDSHAKE), math.log(self.body_bytes))))

    # Serving.

    def _open(self):
        with self._lock:
            return list(self._links)

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        link = Link(self, client, self.plan())
        with self._lock:
            self.connections += 1
            self._links.add(link)
        try:
            link.run()
        finally:
            with self._lock:
                self._links.discard(link)


class Link:
    """One connection with its faults to come."""

    def __init__(self, proxy, client, plan):
        self.proxy, self.client, self.server = proxy, client, None
        self.plan = plan
        self.passed = {UP: 0, DOWN: 0}
        self.dripping = {UP: 0, DOWN: 0}

    def wake(self):
        """End the wait for bytes; the thread finds out why."""
        shut(self.client)

    def run(self):
        reset = False
        try:
            self.refuse()
            self.server = socket.create_connection(self.proxy.target, timeout=30)
            for sock in (self.client, self.server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pump()
        except Cut as cut:
            reset = cut.reset
        except (OSError, ValueError):
            pass  # one end is gone; ValueError is what select() says of a closed socket
        finally:
            close(self.client, reset)
            if self.server:
                close(self.server, reset)

    def refuse(self):
        if "refused" in self.plan[None] or self.proxy.away():
            self.proxy.count("refused")
            raise Cut

    def pump(self):
        while True:
            ready = select.select([self.client, self.server], [], [])[0]
            for source in ready:
                if self.proxy.away():
                    raise Cut
                self.proxy.thaw(self.client)
                data = source.recv(65536)
                if not data:
                    return
                self.forward(UP if source is self.client else DOWN, data)

    def forward(self, way, data):
        if way == DOWN and "lost-answer" in self.plan[None] and self.passed[UP] > 2 * HANDSHAKE:
            self.proxy.count("lost-answer")
            raise Cut
        plan = self.plan[way]
        while plan and plan[0][0] <= self.passed[way] + len(data):
            at, kind = plan.pop(0)
            head = max(0, at - self.passed[way])
            self.send(way, data[:head])
            data = data[head:]
            self.strike(kind, way)
        self.send(way, data)

    def strike(self, kind, way):
        if kind == "stall" and self.proxy.draw(0, 1) < 0.03:
            kind = "hang"
        self.proxy.count(kind)
        if kind in ("cut", "closed"):
            raise Cut(kind == "cut")
        if kind == "drip":
            self.dripping[way] = int(self.proxy.draw(20, 200))
        else:
            self.proxy.pause(LONGEST_HANG if kind == "hang" else self.proxy.draw(0.01, 0.3), self.client)

    def send(self, way, data):
        target = self.server if way == UP else self.client
        while data and self.dripping[way] > 0:
            piece = data[:int(self.proxy.draw(1, 17))]
            target.sendall(piece)
            self.note(way, piece)
            self.dripping[way] -= len(piece)
            data = data[len(piece):]
            self.proxy.pause(self.proxy.draw(0.001, 0.015), self.client)
        target.sendall(data)
        self.note(way, data)

    def note(self, way, data):
        self.passed[way] += len(data)


def gone(sock):
    """The other end has closed, though bytes of it may wait."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def shut(sock):
    """Unlike close() this wakes a thread that waits in accept() or select()."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def close(sock, reset):
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
