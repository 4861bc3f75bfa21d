# machine: epyc
# about: the rig's own test: its proof tells a copy through host memory from one through a CMB
mounted A /mnt/a
mounted B /mnt/b
# Other programs than ours, so that the proof is proven without them: dd reads into its own memory, fio into the CMB.
span through-host dd if=/mnt/a/data.bin of=/mnt/b/out.bin bs=1M iflag=direct oflag=direct status=none
span through-cmb fio --name=r --filename=/mnt/a/data.bin --rw=read --bs=1M --iodepth=4 --ioengine=io_uring --direct=1 \
    --iomem="mmapshared:$(p2pmem C)/allocate" --thread --eta=never --minimal --output=fio.log
expect_same /mnt/a/data.bin /mnt/b/out.bin
