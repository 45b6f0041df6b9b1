"""What is common to the servers that tests run in threads of their own process."""

import socketserver
import threading


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; none holds up the end of the tests."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class Listener:
    """Answers from `with` to its end, at `port` and `url`: a free port of loopback, unless the address says another."""

    def __init__(self, handler, address=("127.0.0.1", 0), scheme="http"):
        self._server = Server(address, handler)
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://{address[0]}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
