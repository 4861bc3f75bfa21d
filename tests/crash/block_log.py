"""Disks whose every write and flush is written down, in one order over all of them.

A process serves files over FUSE; loop devices make disks of them, and file systems lie on those. Since one thread answers
the kernel, the log is the order in which things came about, on whatever disk: a power cut is a place in it. Whoever
writes to the file "mark" puts a note of their own in that order: what had been acknowledged by then.

The log: records of RECORD, then `length` bytes. What a disk has at a place in the log is for sure what was written to it
before its last flush; of the rest any part may have arrived (power_campaign).
"""

import ctypes
import errno
import os
import stat
import struct
from pathlib import Path

RECORD = struct.Struct("<BBxxIQ")  # kind, disk, length, offset
WRITE, FLUSH, MARK = range(3)

libc = ctypes.CDLL(None, use_errno=True)

# linux/fuse.h
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
IO = struct.Struct("<QQIIQII")  # of reads and writes: handle, offset, size, ...
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
OPEN, READ, WRITE_TO, STATFS, RELEASE, FSYNC, FLUSH_HANDLE, INIT = 14, 15, 16, 17, 18, 20, 25, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, DESTROY, FORGET_MANY = 27, 28, 29, 36, 38, 42
DIRECT_IO = 1  # the page cache would keep writes from us
WRITE_BYTES_MAX = 1 << 20
ROOT, FIRST_DISK = 1, 2
VALID_SECONDS = 3600


def mount(source, target, kind, flags=0, options=""):
    if libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), flags, options.encode() or None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mounting {source} at {target}: {os.strerror(code)}")


def unmount(target):
    if libc.umount2(os.fsencode(target), 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unmounting {target}: {os.strerror(code)}")


def leave_mounts():
    """From now on what this process mounts is its own, and goes with it and its children."""
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 1 << 18
    if libc.unshare(clone_newns) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if libc.mount(b"none", b"/", None, ms_rec | ms_private, None) != 0:
        raise OSError(ctypes.get_errno(), "making mounts private")


class BlockLog:
    """Serves directory/NAME for each disk's bytes, and directory/mark."""

    def __init__(self, directory, disks, log_path):
        self.names = [*disks, "mark"]
        self.contents = [bytearray(content) for content in disks.values()]
        self.log = open(log_path, "wb", buffering=1 << 20)
        self.fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        mount("blocklog", directory, "fuse", 0,
              f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other,max_read={WRITE_BYTES_MAX}")

    def serve(self):
        """Until it is unmounted."""
        answers = {LOOKUP: self.lookup, GETATTR: self.getattr, SETATTR: self.getattr, OPEN: self.open, READ: self.read,
                   WRITE_TO: self.write, FSYNC: self.flush, INIT: self.init, STATFS: lambda *_: bytes(80),
                   OPENDIR: self.open, READDIR: lambda *_: b"", RELEASE: lambda *_: b"", RELEASEDIR: lambda *_: b"",
                   FLUSH_HANDLE: lambda *_: b"", DESTROY: lambda *_: b""}
        while True:
            try:
                message = os.read(self.fuse, WRITE_BYTES_MAX + 4096)
            except InterruptedError:
                continue
            except OSError as error:
                if error.errno == errno.ENOENT:  # the request was interrupted
                    continue
                break
            _, operation, unique, node, *_ = IN_HEADER.unpack_from(message)
            if operation in (FORGET, FORGET_MANY, INTERRUPT):
                continue
            answer = answers.get(operation, lambda *_: -errno.ENOSYS)(node, memoryview(message)[IN_HEADER.size :])
            code, body = (answer, b"") if isinstance(answer, int) else (0, answer)
            try:
                os.write(self.fuse, OUT_HEADER.pack(OUT_HEADER.size + len(body), code, unique) + body)
            except FileNotFoundError:  # nobody waits for it any more
                pass
        self.log.close()

    def init(self, _, body):
        major, _, readahead, _ = struct.unpack_from("<IIII", body)
        big_writes, max_pages = 1 << 5, 1 << 22
        return struct.pack("<IIIIHHIIHHI28x", major, 31, readahead, big_writes | max_pages, 16, 12, WRITE_BYTES_MAX, 1,
                           WRITE_BYTES_MAX // 4096, 0, 0)

    def attributes(self, node):
        if node == ROOT:
            return ATTRIBUTES.pack(node, 0, 0, 0, 0, 0, 0, 0, 0, stat.S_IFDIR | 0o700, 2, 0, 0, 0, 4096, 0)
        disk = node - FIRST_DISK
        size = len(self.contents[disk]) if disk < len(self.contents) else 0
        return ATTRIBUTES.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, stat.S_IFREG | 0o600, 1, 0, 0, 0, 4096, 0)

    def lookup(self, _, body):
        name = bytes(body).rstrip(b"\0").decode()
        if name not in self.names:
            return -errno.ENOENT
        node = FIRST_DISK + self.names.index(name)
        return struct.pack("<QQQQII", node, 0, VALID_SECONDS, VALID_SECONDS, 0, 0) + self.attributes(node)

    def getattr(self, node, _):
        return struct.pack("<QII", VALID_SECONDS, 0, 0) + self.attributes(node)

    def open(self, *_):
        return struct.pack("<QII", 0, DIRECT_IO, 0)

    def read(self, node, body):
        _, offset, size, *_ = IO.unpack_from(body)
        disk = node - FIRST_DISK
        return bytes(self.contents[disk][offset : offset + size]) if disk < len(self.contents) else b""

    def write(self, node, body):
        _, offset, size, *_ = IO.unpack_from(body)
        data = body[IO.size : IO.size + size]
        disk = node - FIRST_DISK
        if disk == len(self.contents):
            self.note(MARK, 0, 0, data)
        else:
            if offset + size > len(self.contents[disk]):
                return -errno.ENOSPC
            self.contents[disk][offset : offset + size] = data
            self.note(WRITE, disk, offset, data)
        return struct.pack("<II", size, 0)

    def flush(self, node, _):
        disk = node - FIRST_DISK
        if disk < len(self.contents):
            self.note(FLUSH, disk, 0, b"")
        return b""

    def note(self, kind, disk, offset, data):
        self.log.write(RECORD.pack(kind, disk, len(data), offset))
        self.log.write(data)


def serve(directory, disks, log_path, ready):
    """For a process of its own. `disks`: name -> image's path."""
    log = BlockLog(directory, {name: Path(image).read_bytes() for name, image in disks.items()}, log_path)
    ready.set()
    log.serve()


def read_log(path):
    """(kind, disk, offset, data) in their order; the data are views into the file's bytes."""
    content = memoryview(Path(path).read_bytes())
    records = []
    at = 0
    while at < len(content):
        kind, disk, length, offset = RECORD.unpack_from(content, at)
        at += RECORD.size
        records.append((kind, disk, offset, content[at : at + length]))
        at += length
    return records
