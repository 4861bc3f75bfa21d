# AMD EPYC: its root complex may route between any two devices.
# On the root bus:
#   A, B: SSDs with ext4, A with the source files; X: with XFS
#   R, T: SSDs of 32 MiB without a file system, R full of data; L: like T, and takes commands of at most 128 KiB (mdts: 4 KiB << 5)
#   Q: a raw one full of data that is slow
#   E: like A, but the middle of /data.bin cannot be read
#   C: an SSD with a 64 MiB CMB; S: with one of 2 MiB
# Below a switch:
#   D: like A; G: ext4; F: an SSD with a 64 MiB CMB
cpu=EPYC
disk A ext4 256M data
disk B ext4 256M
disk X xfs 320M
disk R none 32M data
disk T none 32M
disk L none 32M
disk Q none 16M data throttling.bps-total=2097152
broken_disk E 64M /data.bin
disk C none 64M
disk S none 64M
disk D ext4 64M data
disk G ext4 64M
disk F none 64M
device nvme,drive=A,serial=A
device nvme,drive=B,serial=B
device nvme,drive=X,serial=X
device nvme,drive=R,serial=R
device nvme,drive=T,serial=T
device nvme,drive=L,serial=L,mdts=5
device nvme,drive=Q,serial=Q
device nvme,drive=E,serial=E
device nvme,drive=C,serial=C,cmb_size_mb=64
device nvme,drive=S,serial=S,cmb_size_mb=2
pcie_switch
device nvme,drive=D,serial=D,bus=down1
device nvme,drive=G,serial=G,bus=down2
device nvme,drive=F,serial=F,bus=down3,cmb_size_mb=64
