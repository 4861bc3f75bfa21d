for name in before after-reset after-flr after-rescan after-busy-reset; do
    expect_member B /$name.gz "$data/data.bin" $((480 << 10))
done
expect_events N "function level reset" 1
