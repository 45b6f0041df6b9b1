"""Mounts that only this process and its children see: small file systems for tests of full disks, replaced files."""

import ctypes
import errno
import os
from pathlib import Path

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x1000, 0x4000, 1 << 18, 2
MS_REMOUNT, MS_RDONLY, MS_MOVE = 32, 1, 8192
LIBC = ctypes.CDLL(None, use_errno=True)

_refusal = "no private mount namespace yet"


def enter_private_namespace():
    """Call once, early, from the main thread. After it no mount of ours is seen, or left, on the host."""
    global _refusal
    if LIBC.unshare(CLONE_NEWNS) != 0 or LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        _refusal = f"no private mount namespace: {os.strerror(ctypes.get_errno())} (this test needs root)"
    else:
        _refusal = None


def refusal():
    """Why there can be no mounts here, or None."""
    return _refusal


def mount_memory(path, size_kib, owner=""):
    """An empty file system in memory over a directory. owner: options that say whose its root is; root's without."""
    if LIBC.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size_kib}k,mode=0755{owner}".encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount tmpfs on {path}")


class SmallDisk:
    """A tmpfs of size_kib below an existing directory; its root belongs to the given user."""

    def __init__(self, path, size_kib, user):
        self.path, self.size_kib = Path(path), size_kib
        mount_memory(self.path, size_kib, f",uid={user.uid},gid={user.gid}")

    def free_bytes(self):
        info = os.statvfs(self.path)
        return info.f_bavail * info.f_bsize

    def fill(self, leave_bytes=0):
        """Take all room but leave_bytes; the file that takes it can be removed to make room again."""
        ballast = self.path / "ballast"
        try:
            ballast.write_bytes(b"\0" * max(0, self.free_bytes() - leave_bytes))
        except OSError as error:  # a process that writes here has taken some of it meanwhile
            if error.errno != errno.ENOSPC or leave_bytes > 0:
                raise
        return ballast

    def squeeze(self, leave_bytes=0):
        """Full but for leave_bytes, and at once: the file system becomes as small as its content."""
        info = os.statvfs(self.path)
        used = (info.f_blocks - info.f_bfree) * info.f_bsize
        self._resize((used + leave_bytes + 1023) // 1024)

    def release(self):
        """As large as it was made."""
        self._resize(self.size_kib)

    def _resize(self, kib):
        if LIBC.mount(b"none", os.fsencode(self.path), b"tmpfs", MS_REMOUNT, f"size={kib}k".encode()) != 0:
            raise OSError(ctypes.get_errno(), f"resize {self.path}")

    def set_read_only(self, read_only):
        """As a file system becomes after an error of its disk."""
        flags = MS_REMOUNT | (MS_RDONLY if read_only else 0)
        if LIBC.mount(b"none", os.fsencode(self.path), b"tmpfs", flags, None) != 0:
            raise OSError(ctypes.get_errno(), f"remount {self.path}")

    def remove(self):
        unmount(self.path)


def with_read_only_tmp(writable, memory, user_argv):
    """The command that runs user_argv where /tmp is read-only, but for `writable`, `memory` lies at /dev/shm, and there is
    no spool of a package."""
    script = ("mount --rbind /tmp /tmp && mount --bind \"$1\" \"$1\" && mount --bind \"$2\" /dev/shm && mount -t tmpfs none /var/spool && "
              "mount -o remount,bind,ro /tmp && shift 2 && exec \"$@\"")
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(writable), str(memory), *user_argv]


class BoundFile:
    """A file in place of another one."""

    def __init__(self, source, target):
        self.target = target
        if LIBC.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None) != 0:
            raise OSError(ctypes.get_errno(), f"bind {source} over {target}")

    def remove(self):
        unmount(self.target)


def move(path, to):
    """A mount, to another place: its first place is as it was before."""
    if LIBC.mount(os.fsencode(path), os.fsencode(to), None, MS_MOVE, None) != 0:
        raise OSError(ctypes.get_errno(), f"move {path} to {to}")


def unmount(path):
    if LIBC.umount2(os.fsencode(path), MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), f"umount {path}")
