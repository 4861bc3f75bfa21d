# machine: noload
# about: an accelerator errs as it is told, and nothing wrong is ever committed
mounted A /mnt/a
mounted B /mnt/b
compress() { # NAME OPTIONS...: by O alone
    name=$1
    shift
    peerpress compress --no-server --json --via O "$@" -o "/mnt/b/erring-$name.gz" /mnt/a/data.bin
}
expect_whole() { # NAME
    gunzip -c "/mnt/b/erring-$1.gz" >whole
    expect_same /mnt/a/data.bin whole
}

# The first compression of each run is the accelerator's own test, so that faults strike later ones.
# What may pass is tried again.
order O "fault status=0x006 op=compress nth=5 times=2"
expect_exit 0 compress again --fallback forbid
expect_paths 8388608 0 0
expect_whole again

# Another core finds a flipped bit; software makes that member, and the rest.
order O "fault flip op=compress nth=5"
expect_exit 0 compress flipped
expect_more "bytes that software did" "$(path_bytes cpu out)" 0
expect_contains "the report" "$(cat out)" "what one core compressed is not what another decoded"
expect_whole flipped
order O "fault flip op=compress nth=5"
expect_exit 1 compress forbidden --fallback forbid
expect_contains "the error" "$(cat out)" P2P_UNAVAILABLE
[ ! -e /mnt/b/erring-forbidden.gz ] || fail "there is an output"

# Answers that are wrong, or cannot be true.
order O "fault crc op=compress nth=5"
expect_exit 0 compress crc
expect_whole crc
order O "fault length=-4096 op=compress nth=5"
expect_exit 0 compress length
expect_whole length

# Wrong input, consistently: no other core can tell, full verification does.
order O "fault stale op=compress nth=9"
expect_exit 0 compress stale --verify full
expect_whole stale

# An accelerator that fails its test takes no work.
order O "fault flip op=compress"
expect_exit 0 compress untested
expect_paths 0 0 8388608
expect_contains "the report" "$(cat out)" "its test failed"
expect_whole untested

# One whose core is down is none.
order O "core 0 down"
expect_exit 0 compress down
expect_paths 0 0 8388608
expect_whole down
order O "core 0 up"
expect_exit 0 compress up --fallback forbid
expect_whole up
