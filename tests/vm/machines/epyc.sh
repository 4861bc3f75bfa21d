# AMD EPYC: its root complex may route between any two devices.
# A, B: SSDs with ext4; C: an SSD with a 64 MiB CMB; all on the root bus.
cpu=EPYC
disk A ext4 512M data
disk B ext4 512M
disk C none 64M
device nvme,drive=A,serial=A
device nvme,drive=B,serial=B
device nvme,drive=C,serial=C,cmb_size_mb=64
