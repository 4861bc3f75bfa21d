# machine: epyc
# about: NVMe resets of source, target and provider in mid copy: the kernel repeats what was under way, the data are right
stat=/sys/class/block/$(basename "$(disk Q)")/stat
sectors_read() {
    read -r _ _ sectors _ <"$stat"
    echo "$sectors"
}
reads_on() { [ "$(sectors_read)" -gt $(($1 + 512)) ]; }
reset_in_mid_copy() {
    start=$(sectors_read)
    # One command at a time: QEMU 7.2 hangs when it has to cancel a command that waits for another's bounce buffer.
    peerpress copy --no-server --json --via C --fallback forbid --force-device --chunk 256K --depth 1 \
        "$(disk Q)" "$(disk T)" >out 2>err &
    copy=$!
    for serial in Q T C; do
        until_true 20 reads_on "$(sectors_read)"
        echo 1 >"$(controller $serial)/reset_controller"
        [ "$(awk '{ print $3 }' /proc/$copy/stat)" != Z ] || fail "the copy was over before $serial was reset"
        echo "    ok: $serial was reset; KiB of 16384 read so far: $((($(sectors_read) - start) / 2))"
    done
    wait $copy
}
span reset reset_in_mid_copy || { cat out err; fail "the copy failed"; }
expect_paths 16777216 0 0
cmp -n 16777216 "$(disk Q)" "$(disk T)"
