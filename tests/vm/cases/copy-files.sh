# machine: epyc
# about: an ext4 file to an ext4 file through a third controller's memory
mounted A /mnt/a
mounted B /mnt/b
copied copy --via C --fallback forbid /mnt/a/data.bin /mnt/b/out.bin
expect_paths 8388608 0 0
expect_contains "the report" "$(cat out)" "$(address C)"
expect_same /mnt/a/data.bin /mnt/b/out.bin
