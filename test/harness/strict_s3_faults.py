"""What can go wrong with one request, by name. Each fault is a function of the exchange, told when its time has come."""

import random
import socket
import struct
import time

from .strict_s3_bucket import Reply, error

DRIP_S = 1.0


class Lost(Exception):
    """The connection is over; whether with a reset."""

    def __init__(self, reset=True):
        super().__init__()
        self.reset = reset


def status(code, name, message="injected", **headers):
    """Answers without carrying anything out."""
    def instead(_exchange):
        reply = error(code, name, message)
        reply.headers.update(headers)
        return reply
    return {"instead": instead}


def plain(code, body=b"", **headers):
    return {"instead": lambda _exchange: Reply(code, body, headers)}


def lose(reset):
    def late(_exchange, _reply):
        raise Lost(reset)
    return late


def early_reset(_exchange):
    raise Lost


def reset_in_body(exchange):
    exchange.read_some(exchange.length // 2)
    raise Lost


def hang(exchange):
    """Never answers, until the client goes away."""
    exchange.wait_for_the_end()
    raise Lost


def early_close(_exchange):
    raise Lost(reset=False)


def answer_before_the_body(exchange):
    """As a proxy does that is too busy to take it."""
    exchange.send(error(503, "ServiceUnavailable", "injected"))
    raise Lost(reset=False)


def not_http(exchange, _reply):
    exchange.put(b"SSH-2.0-OpenSSH_9.2\r\n")
    raise Lost(reset=False)


def elsewhere(code, name):
    def instead(exchange):
        reply = error(code, name, "injected")
        reply.headers["x-amz-bucket-region"] = exchange.server.region
        return reply
    return {"instead": instead}


def reset_in_head(exchange, reply):
    exchange.put(exchange.bytes_of(reply)[:30])
    raise Lost


def reset_in_answer(exchange, reply):
    exchange.send(reply, stop_after=len(reply.body) // 2)
    raise Lost


def cut(exchange, reply):
    exchange.send(reply, stop_after=len(reply.body) // 2)
    raise Lost(reset=False)


def drip(exchange, reply):
    """One byte a second, the headers too."""
    for byte in exchange.bytes_of(reply):
        exchange.put(bytes([byte]))
        time.sleep(DRIP_S)
    raise Lost


def endless_headers(exchange, _reply):
    exchange.put(b"HTTP/1.1 200 OK\r\n")
    while True:
        exchange.put(b"x-filler: " + b"y" * 1000 + b"\r\n")
        time.sleep(0.001)


def flip(_exchange, reply):
    if reply.body:
        middle = len(reply.body) // 2
        reply.body = reply.body[:middle] + bytes([reply.body[middle] ^ 1]) + reply.body[middle + 1:]
    return reply


def too_long_a_length(exchange, reply):
    exchange.send(reply, length=len(reply.body) + 1000)
    raise Lost(reset=False)


def too_short_a_length(exchange, reply):
    exchange.send(reply, length=len(reply.body) // 2)
    raise Lost(reset=False)


def error_after_all(_exchange, _reply):
    return error(200, "InternalError", "injected")


def malformed(_exchange, _reply):
    return Reply(200, b"<CompleteMultipartUploadResult><a></CompleteMultipartUploadResult>")


def clock_far_away(exchange):
    """A server an hour ahead, for this request alone."""
    reply = error(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
    reply.headers["Date"] = exchange.date(3600)
    return reply


FAULTS = {
    # Before anything is carried out.
    "archived": status(403, "InvalidObjectState"),
    "reset": {"early": early_reset},
    "closed": {"early": early_close},
    "reset in the request": {"early": reset_in_body},
    "503 before the body": {"early": answer_before_the_body},
    "no answer": {"early": hang},
    # Instead of carrying it out.
    "500": status(500, "InternalError"),
    "502 of a proxy": plain(502, b"<html>Bad Gateway</html>"),
    "503": status(503, "ServiceUnavailable"),
    "504 of a proxy": plain(504, b"<html>Gateway Time-out</html>"),
    "507 of a store": plain(507, b"<html>Insufficient Storage</html>"),
    "520 of a CDN": plain(520, b"<html>Web server returned an unknown error</html>"),
    "503 SlowDown": status(503, "SlowDown"),
    "SlowDown, x-amz-retry-after": status(503, "SlowDown", **{"x-amz-retry-after": "700"}),
    "429, Retry-After": status(429, "TooManyRequests", **{"Retry-After": "1"}),
    "400 RequestTimeout": status(400, "RequestTimeout"),
    "409 conflict": status(409, "ConditionalRequestConflict"),
    "403 wrong secret": status(403, "SignatureDoesNotMatch"),
    "403 no permission": status(403, "AccessDenied", "Access Denied"),
    "403 unknown key": status(403, "InvalidAccessKeyId"),
    "403 clock": {"instead": clock_far_away},
    "301 other region": elsewhere(301, "PermanentRedirect"),
    "307 other region": elsewhere(307, "TemporaryRedirect"),
    "404 no bucket": status(404, "NoSuchBucket"),
    "404 of a proxy": plain(404, b"<html>Not Found</html>"),
    "200 of a proxy": plain(200, b"<html>Welcome</html>"),
    "200, empty": plain(200),
    "200 with an error": status(200, "InternalError"),
    "huge error body": plain(500, b"<Error>" + b"x" * (10 << 20)),
    "malformed XML": plain(500, b"<Error><Code>SlowDown</Cod"),
    # After it was carried out.
    "answer lost": {"late": lose(True)},
    "answer lost, closed": {"late": lose(False)},
    "reset in the answer's head": {"late": reset_in_head},
    "reset in the answer": {"late": reset_in_answer},
    "not HTTP": {"late": not_http},
    "200 with an error, done": {"late": error_after_all},
    "body cut short": {"late": cut},
    "answer drips": {"late": drip},
    "endless headers": {"late": endless_headers},
    "bit flipped": {"late": flip},
    "length too long": {"late": too_long_a_length},
    "length too short": {"late": too_short_a_length},
    "200, malformed": {"late": malformed},
}

# What passes by itself: a call that is given time gets over it. Nothing here takes more than a moment.
PASSING = ("reset", "closed", "reset in the request", "503 before the body", "500", "502 of a proxy", "503", "504 of a proxy",
           "507 of a store", "520 of a CDN", "503 SlowDown", "SlowDown, x-amz-retry-after", "400 RequestTimeout", "409 conflict", "huge error body",
           "malformed XML", "answer lost", "answer lost, closed", "reset in the answer's head", "reset in the answer",
           "body cut short", "length too long")


def random_faults(seed, rate, names=PASSING):
    """For StrictS3.faults: each request has one of these faults, at this rate, repeatably."""
    dice = random.Random(seed)

    def choose(_request):
        return dice.choice(names) if dice.random() < rate else None
    return choose


def reset(connection):
    """Close with a RST: what was not sent yet is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
