# An Intel processor whose host bridge (Q35's) is not on the kernel's list: the root complex may not route between
# devices, a PCIe switch may.
# A, B: SSDs with ext4 on the root bus; C: a CMB on the root bus, out of their reach.
# D, E: SSDs with ext4 below a switch; F: a CMB below the same switch.
cpu=Skylake-Server
disk A ext4 256M data
disk B ext4 256M
disk C none 64M
disk D ext4 256M data
disk E ext4 256M
disk F none 64M
device nvme,drive=A,serial=A
device nvme,drive=B,serial=B
device nvme,drive=C,serial=C,cmb_size_mb=64
pcie_switch
device nvme,drive=D,serial=D,bus=down1
device nvme,drive=E,serial=E,bus=down2
device nvme,drive=F,serial=F,bus=down3,cmb_size_mb=64
