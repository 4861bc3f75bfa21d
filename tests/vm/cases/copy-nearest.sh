# machine: epyc
# about: of two providers the nearest to both sides wins, below the switch as on the root bus
mounted D /mnt/d
mounted G /mnt/g
copied below-switch --fallback forbid /mnt/d/data.bin /mnt/g/out.bin
expect_paths 8388608 0 0
expect_contains "the report" "$(cat out)" "$(address F)"
expect_same /mnt/d/data.bin /mnt/g/out.bin

# The farther one serves where it is named.
copied pinned --fallback forbid --via C /mnt/d/data.bin /mnt/g/pinned.bin
expect_contains "the report" "$(cat out)" "$(address C)"
expect_same /mnt/d/data.bin /mnt/g/pinned.bin
