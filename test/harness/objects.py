"""The object format, version 2, from doc/format.md alone: with Python's library and the programs openssl, zstd and lz4.

open_object refuses all that the page forbids, and walship's own reader is not asked.
"""

import hashlib
import hmac
import os
import struct
import subprocess
import zlib
from itertools import accumulate

HEADER = struct.Struct("<7sBBBB5s16s32s")
TAG = 32
FRAME = 1 << 20
BLOCK = 8192
NONE, GZIP, ZSTD, LZ4 = range(4)
PLAIN, SEALED = 0, 1


def hkdf(key, salt, info, length):
    """RFC 5869 with SHA-256; an empty salt is 32 zero bytes."""
    secret = hmac.digest(salt or bytes(32), key, "sha256")
    out = block = b""
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def key_id(key):
    return hkdf(key, b"", b"walship 1 key id", 16)


def derive(key, header, name):
    """The three keys of an object: AES, HMAC, and that of the initialization vectors."""
    secrets = hkdf(key, header[32:], b"walship 2 object " + header + name.encode(), 96)
    return secrets[:32], secrets[32:64], secrets[64:]


def tag_of(header, name, keys, signed):
    return hashlib.sha256(header + name.encode() + signed).digest() if keys is None else hmac.digest(keys[1], signed, "sha256")


def frames(data):
    """(place, last, head, body, tag) of each frame behind the header; ValueError where it is cut off, or goes on."""
    at, number, last = HEADER.size, 0, False
    while not last:
        head = data[at:at + 4]
        length = int.from_bytes(head, "little") & 0x7FFFFFFF
        last = bool(len(head) == 4 and head[3] & 0x80)
        body, tag = data[at + 4:at + 4 + length], data[at + 4 + length:at + 4 + length + TAG]
        if len(tag) < TAG or length > FRAME + 1024:
            raise ValueError("cut off")
        yield number.to_bytes(8, "little"), last, head, body, tag
        at, number = at + 4 + length + TAG, number + 1
    if at != len(data):
        raise ValueError("bytes behind the last frame")


def open_frames(data, name, key=None):
    """(last, size with head and tag, content) of each frame of an object with this name below the repository, or ValueError."""
    header = data[:HEADER.size]
    if len(header) < HEADER.size:
        raise ValueError("cut off")
    magic, version, compression, protection, arrangement, zero, kid, _ = HEADER.unpack(header)
    if (magic, version, zero) != (b"WALSHIP", 2, bytes(5)):
        raise ValueError("not an object of version 2")
    if protection not in (PLAIN, SEALED):
        raise ValueError("protection")
    if protection == SEALED and key is None:
        raise ValueError("no key")
    if kid != (key_id(key) if protection == SEALED else bytes(16)):
        raise ValueError("another key")
    keys = derive(key, header, name) if protection == SEALED else None
    for place, last, head, body, tag in frames(data):
        if tag_of(header, name, keys, place + head + body) != tag:
            raise ValueError("not authentic")
        content = unpack(compression, body if keys is None else aes("-d", keys, place, body), arrangement)
        if len(content) > FRAME:
            raise ValueError("too much content in a frame")
        yield last, len(head + body + tag), content


def open_object(data, name, key=None):
    """The plaintext of an object, or ValueError."""
    plain = b""
    for last, _, content in open_frames(data, name, key):
        if (not content and plain) or (not last and len(content) < FRAME):
            raise ValueError("a content of another length than its frame has")
        plain += content
    return plain


def gunzip(data):
    """Exactly one member: gzip.decompress takes several."""
    reader = zlib.decompressobj(31)
    try:
        plain = reader.decompress(data)
    except zlib.error as problem:
        raise ValueError(str(problem)) from problem
    if not reader.eof or reader.unused_data:
        raise ValueError("not one member of gzip")
    return plain


def gzip(data):
    writer = zlib.compressobj(wbits=31)
    return writer.compress(data) + writer.flush()


def pack(compression, plain):
    return {NONE: bytes, GZIP: gzip, ZSTD: lambda data: run(["zstd", "-q", "-9"], data),
            LZ4: lambda data: run(["lz4", "-qc", "-9"], data)}[compression](plain)


def sums(differences):
    """Each number with all before it, as a byte."""
    return [each & 255 for each in accumulate(differences)]


def rows_of(page, step):
    """A page from its differences: the second sums of each column of its rows, and the sums of its items."""
    lower, upper, special = struct.unpack("<3H", page[12:18])
    if not 28 <= lower <= upper <= special <= BLOCK or lower % 4:
        raise ValueError("a page without rows")
    out = bytearray(page)
    items = [item & 0xFFFFFFFF for item in accumulate(struct.unpack(f"<{(lower - 24) // 4}I", page[24:lower]))]
    out[24:lower] = struct.pack(f"<{len(items)}I", *items)
    for column in range(upper, min(upper + step, special)):
        values = page[column:special:step]
        out[column:special:step] = bytes(sums([values[0], *sums(values[1:])]))
    return bytes(out)


def put_in_order(content):
    """The content of a frame with arrangement 1."""
    table, blocks = content[:FRAME // BLOCK], [content[at:at + BLOCK] for at in range(FRAME // BLOCK, len(content), BLOCK)]
    whole = sum(len(block) == BLOCK for block in blocks)
    if len(content) > FRAME + FRAME // BLOCK:
        raise ValueError("too much content in a frame")
    if content and (not blocks or any(table[whole:])):
        raise ValueError("a table of rows for other blocks")
    return b"".join(rows_of(block, 8 * units) if units else block for units, block in zip(table, blocks))


def unpack(compression, payload, arrangement=0):
    openers = {NONE: bytes, GZIP: gunzip, ZSTD: lambda data: run(["zstd", "-qdc"], data),
               LZ4: lambda data: run(["lz4", "-qdc"], data)}
    if compression not in openers:
        raise ValueError("compression")
    if arrangement not in (0, 1):
        raise ValueError("arrangement")
    content = openers[compression](payload)
    return put_in_order(content) if arrangement else content


def make_object(plain, name, key=None, compression=GZIP, salt=None):
    """An object as walship would write it."""
    protection = PLAIN if key is None else SEALED
    header = HEADER.pack(b"WALSHIP", 2, compression, protection, 0, bytes(5), bytes(16) if key is None else key_id(key),
                         salt or os.urandom(32))
    keys = None if key is None else derive(key, header, name)
    out = header
    count = max(1, -(-len(plain) // FRAME))
    for number in range(count):
        place = number.to_bytes(8, "little")
        body = pack(compression, plain[number * FRAME:(number + 1) * FRAME])
        body = body if keys is None else aes("-e", keys, place, body)
        head = (len(body) | (number == count - 1) << 31).to_bytes(4, "little")
        out += head + body + tag_of(header, name, keys, place + head + body)
    return out


def aes(direction, keys, place, data):
    """openssl takes the key in argv: fine for the throw-away keys of a test, and only for them."""
    iv = hmac.digest(keys[2], place, "sha256")[:16]
    return run(["openssl", "enc", direction, "-aes-256-cbc", "-K", keys[0].hex(), "-iv", iv.hex()], data)


def run(argv, data):
    done = subprocess.run(argv, input=data, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(f"{argv[0]}: {done.stderr.decode()}")
    return done.stdout
