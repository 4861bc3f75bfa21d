#!/usr/bin/env python3
"""moved.py TRACE FIRST_MARK LAST_MARK [SERIAL FIRST LAST]...

Says from QEMU's trace what the emulated disks' DMA did between two marks (see `span` in guest/lib.sh): lines of

    read|write SERIAL|host BYTES COMMAND_BYTES_MAX

`read C 4096 4096`: a disk read 4096 bytes and put them into C's memory, with no command of more than 4096 bytes.
SERIAL FIRST LAST are the windows that controllers' memory has on the bus; every other address is the host's memory.
Status 1 where the trace does not hold both marks.
"""

import sys
from collections import defaultdict

# A mark is the read of a 4 KiB block of disk M at 16 GiB and beyond, where no other disk has blocks.
FIRST_MARK_LBA = (16 << 30) // 512


def fields(line):
    """'pci_nvme_read cid 1 ... lba 0x10' as {'cid': '1', ..., 'lba': '0x10'}"""
    words = line.split()[1:]
    return dict(zip(words[::2], words[1::2]))


def main():
    trace, first_mark, last_mark = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    windows = [
        (serial, int(first, 16), int(last, 16))
        for serial, first, last in zip(sys.argv[4::3], sys.argv[5::3], sys.argv[6::3])
    ]

    def place(address):
        for serial, first, last in windows:
            if first <= address <= last:
                return serial
        return "host"

    moved, largest = defaultdict(int), defaultdict(int)
    inside = ended = False
    # QEMU maps a command's pages right after it has decoded it: an address belongs to the command above it.
    command, command_bytes = None, 0
    with open(trace, errors="replace") as lines:
        for line in lines:
            event = line.split(" ", 1)[0]
            if event in ("pci_nvme_read", "pci_nvme_write"):
                of = fields(line)
                command, command_bytes = event.removeprefix("pci_nvme_"), int(of["count"])
                mark = (int(of["lba"], 16) - FIRST_MARK_LBA) // 8
                if mark > 0:
                    command = None
                    inside = first_mark <= mark < last_mark
                    ended = ended or mark == last_mark
                    if ended:
                        break
            elif event in ("pci_nvme_io_cmd", "pci_nvme_admin_cmd"):
                command = None
            elif event == "pci_nvme_map_addr" and inside and command:
                of = fields(line)
                at = command, place(int(of["addr"], 16))
                moved[at] += int(of["len"])
                largest[at] = max(largest[at], command_bytes)
    for (what, where), total in sorted(moved.items()):
        print(what, where, total, largest[what, where])
    return 0 if ended else 1


sys.exit(main())
