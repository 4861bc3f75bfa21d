"""Loop devices that free themselves when nobody uses them any more."""

import errno
import fcntl
import os
import struct
import time

LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LOOP_CLR_FD = 0x4C0A, 0x4C82, 0x4C01
AUTOCLEAR = 4
# struct loop_config: fd, block size, loop_info64 (its flags at offset 52 of 232 bytes), 8 reserved words.
CONFIG = struct.Struct("<II52xI176x64x")


class Loop:
    """Lives until it is closed and nothing mounted from it is left."""

    def __init__(self, image):
        backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        try:
            self.attach(backing)
        finally:
            os.close(backing)

    def attach(self, backing):
        for _ in range(200):
            control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
            try:
                self.path = f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
            finally:
                os.close(control)
            try:
                self.descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            except OSError as error:
                # Its node is not there yet, or another is just letting go of it.
                if error.errno not in (errno.ENOENT, errno.ENXIO, errno.EBUSY):
                    raise
                time.sleep(0.01)
                continue
            try:
                fcntl.ioctl(self.descriptor, LOOP_CONFIGURE, CONFIG.pack(backing, 0, AUTOCLEAR))
                return
            except OSError as error:
                os.close(self.descriptor)
                if error.errno != errno.EBUSY:  # another took it meanwhile
                    raise
        raise OSError(errno.EBUSY, "no loop device is free")

    def close(self):
        os.close(self.descriptor)
