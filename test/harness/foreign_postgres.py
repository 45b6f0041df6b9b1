"""Something that speaks PostgreSQL's protocol, version 3, and is no PostgreSQL: a pooler's console, a proxy."""

import re
import socketserver
import struct

from harness import listener

ENCRYPTION = (80877103, 80877104)  # SSLRequest, GSSENCRequest


def message(kind, body=b""):
    return kind + struct.pack("!i", 4 + len(body)) + body


def answer(rows):
    """What a query gives: texts, or None for null."""
    out = b""
    if rows:
        columns = b"".join(b"c\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0) for _ in rows[0])
        out = message(b"T", struct.pack("!h", len(rows[0])) + columns)
    else:
        out = message(b"T", struct.pack("!h", 0))
    for row in rows:
        values = b"".join(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value.encode() for value in row)
        out += message(b"D", struct.pack("!h", len(row)) + values)
    return out + message(b"C", f"SELECT {len(rows)}".encode() + b"\0")


class Server(listener.Listener):
    """Lets everybody in; answers what matches a pattern with its rows, and all else with none."""

    def __init__(self, *answers):
        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    self.begin()
                    while self.rfile.read(1) == b"Q":
                        size, = struct.unpack("!i", self.rfile.read(4))
                        query = self.rfile.read(size - 4).decode()
                        rows = next((rows for pattern, rows in answers if re.search(pattern, query)), [])
                        self.wfile.write(answer(rows) + message(b"Z", b"I"))
                except (OSError, struct.error):
                    pass  # the client has gone

            def begin(self):
                while True:
                    size, code = struct.unpack("!ii", self.rfile.read(8))
                    self.rfile.read(size - 8)
                    if code not in ENCRYPTION:
                        break
                    self.wfile.write(b"N")
                self.wfile.write(message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I"))

        super().__init__(Session)
