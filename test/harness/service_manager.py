"""The socket at which a service manager, such as systemd, hears how its services are."""

import socket

from . import host


class ServiceManager:
    """As sd_notify(3) has it: a service gets environment(), and next() is what it says next."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        host.USER.own(path, 0o777)
        self.socket.settimeout(30)

    def environment(self):
        return {"NOTIFY_SOCKET": str(self.path)}

    def next(self):
        return self.socket.recv(100).decode()
