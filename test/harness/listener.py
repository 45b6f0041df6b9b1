"""What is common to the servers that tests run in threads of their own process."""

import socketserver
import ssl
import threading


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; none holds up the end of the tests."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    tls = None

    def get_request(self):
        connection, address = super().get_request()
        if self.tls:  # the handshake is left to the connection's own thread
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        if not self.tls:  # with it, a client that does not trust the certificate is no error here
            super().handle_error(request, client_address)


class Listener:
    """Answers from `with` to its end, at `port` and `url`: a free port of loopback, unless the address says another. tls: (certificate, key)."""

    def __init__(self, handler, address=("127.0.0.1", 0), scheme="http", tls=None):
        self._server = Server(address, handler)
        if tls:
            scheme, self._server.tls = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(*tls)
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://{address[0]}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
