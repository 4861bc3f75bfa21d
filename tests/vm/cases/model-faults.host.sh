size=$((480 << 10))
expect_member B /good.gz "$data/data.bin" $size
expect_member B /late.gz "$data/data.bin" $size
expect_member B /stale.gz "$data/data.bin" $size
expect_events O "hangs" 1
