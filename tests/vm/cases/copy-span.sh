# machine: epyc
# about: a disk that takes commands of at most 128 KiB
expect_eq "L's longest command in KiB" "$(cat "/sys/class/block/$(basename "$(disk L)")/queue/max_hw_sectors_kb")" 128
copied span --via C --fallback forbid --force-device --chunk 1M "$(disk R)" "$(disk L)"
expect_paths 33554432 0 0
expect_same "$(disk R)" "$(disk L)"
