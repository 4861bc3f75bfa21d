# AMD EPYC with accelerators: models of the device (accel/model), each a process on the host.
#   A, B: SSDs with ext4, A with the source files
#   N: an accelerator with three cores that compress and one that decompresses
#   O: another, with one of each
#   P: like N, its cores paced at 20 MB/s each, so that emulation is not the limit
# A model's trace is NAME.trace in the machine's folder; `core order` in the guest gives it orders (faults).
cpu=EPYC
disk A ext4 256M data
disk B ext4 256M
device nvme,drive=A,serial=A,x-max-bounce-buffer-size=16M
device nvme,drive=B,serial=B,x-max-bounce-buffer-size=16M
model N --cmb 64M --cores compress=3,decompress=1
model O --cmb 64M --cores compress=1,decompress=1
model P --cmb 64M --cores compress=3,decompress=1 --rate 20MB/s
