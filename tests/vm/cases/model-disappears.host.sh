expect_events P disappears 1
expect_member B /other.gz "$data/data.bin" $((480 << 10))
