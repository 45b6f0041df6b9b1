"""The object format, version 1, once more and on its own: Python's library and the programs openssl, zstd and lz4."""

import gzip
import hashlib
import hmac
import os
import struct
import subprocess

HEADER = struct.Struct("<7sBBB6s16s32s")
TAG = 32
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


def open_object(data, name, key=None):
    """The plaintext of an object with this name below the repository, or ValueError."""
    magic, version, compression, protection, zero, kid, salt = HEADER.unpack(data[:HEADER.size])
    if (magic, version, zero) != (b"WALSHIP", 1, bytes(6)):
        raise ValueError("not an object of version 1")
    signed, payload, tag = data[:-TAG], data[HEADER.size:-TAG], data[-TAG:]
    if protection == PLAIN:
        if kid != bytes(16) or salt != bytes(32) or hashlib.sha256(signed).digest() != tag:
            raise ValueError("checksum")
    elif protection == SEALED:
        if kid != key_id(key):
            raise ValueError("another key")
        secrets = hkdf(key, salt, b"walship 1 object " + name.encode(), 80)
        if hmac.digest(secrets[48:], signed, "sha256") != tag:
            raise ValueError("not authentic")
        payload = aes("-d", secrets, payload)
    else:
        raise ValueError("protection")
    return unpack(compression, payload)


def pack(compression, plain):
    return {NONE: bytes, GZIP: gzip.compress, ZSTD: lambda data: run(["zstd", "-q", "-9"], data),
            LZ4: lambda data: run(["lz4", "-qc", "-9"], data)}[compression](plain)


def unpack(compression, payload):
    openers = {NONE: bytes, GZIP: gzip.decompress, ZSTD: lambda data: run(["zstd", "-qdc"], data),
               LZ4: lambda data: run(["lz4", "-qdc"], data)}
    if compression not in openers:
        raise ValueError("compression")
    return openers[compression](payload)


def make_object(plain, name, key=None, compression=GZIP, salt=None):
    """An object as walship would write it."""
    payload = pack(compression, plain)
    if key is None:
        signed = HEADER.pack(b"WALSHIP", 1, compression, PLAIN, bytes(6), bytes(16), bytes(32)) + payload
        return signed + hashlib.sha256(signed).digest()
    salt = salt or os.urandom(32)
    secrets = hkdf(key, salt, b"walship 1 object " + name.encode(), 80)
    signed = HEADER.pack(b"WALSHIP", 1, compression, SEALED, bytes(6), key_id(key), salt) + aes("-e", secrets, payload)
    return signed + hmac.digest(secrets[48:], signed, "sha256")


def aes(direction, secrets, data):
    """openssl takes the key in argv: fine for the throw-away keys of a test, and only for them."""
    return run(["openssl", "enc", direction, "-aes-256-cbc", "-K", secrets[:32].hex(), "-iv", secrets[32:48].hex()], data)


def run(argv, data):
    done = subprocess.run(argv, input=data, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(f"{argv[0]}: {done.stderr.decode()}")
    return done.stdout
