# machine: intel
# about: below a switch it works whatever the processor
mounted D /mnt/d
mounted E /mnt/e
copied switch --fallback forbid /mnt/d/data.bin /mnt/e/out.bin
expect_paths 8388608 0 0
expect_contains "the report" "$(cat out)" "$(address F)"
expect_same /mnt/d/data.bin /mnt/e/out.bin
