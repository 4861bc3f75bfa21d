# machine: noload
# about: raw commands: an SSD reads into the accelerator's memory, a core makes a gzip member of it, an SSD writes it
mounted A /mnt/a
mounted B /mnt/b
span compress compressed N 1 /mnt/a/data.bin /mnt/b/member.gz
read -r bytes crc32 <member
expect_more "bytes of the member" "$bytes" 4096
expect_eq "what another core says of it" "$(core check "$(p2pmem N)/allocate" "$(core_of N 4)" /mnt/b/member.gz "$bytes")" \
    "$((480 << 10)) $crc32"
# A core of one kind is none of the other; output to the host's memory is refused.
expect_exit 3 core compress "$(p2pmem N)/allocate" "$(core_of N 4)" /mnt/a/data.bin /mnt/b/none.gz
expect_contains "the status" "$(cat err)" "status 0x001"
expect_exit 3 core compress "$(p2pmem N)/allocate" "$(core_of N 1)" /mnt/a/data.bin /mnt/b/none.gz ram
expect_contains "the status" "$(cat err)" "status 0x002"
# Memory of another accelerator's is out of reach for its commands.
expect_exit 3 core compress "$(p2pmem O)/allocate" "$(core_of N 1)" /mnt/a/data.bin /mnt/b/none.gz
expect_contains "the status" "$(cat err)" "status 0x004"
