# machine: epyc
# about: what the measuring form is told to leave out is left out; a file that was measured into does not stay
measured() { # BYTES_READ BYTES_WRITTEN SPAN OPTIONS...
    moved="$1 $2"
    shift 2
    copied "$@" --via C --fallback forbid --force-device
    expect_eq "measured bytes" "$(json bytes_read out) $(json bytes_written out)" "$moved"
}
measured 4194304 0 read-only --skip-write --chunks 4 "$(disk R)" "$(disk T)"
measured 0 4194304 write-only --skip-read --chunks 4 "$(disk R)" "$(disk T)"
measured 4194304 4194304 overlapping --overlap --chunks 16 --chunk 256K --depth 2 --offset 8M "$(disk R)" "$(disk T)"
cmp -n 262144 "$(disk R)" "$(disk T)" 8388608 8388608
# T is looked at once more when the machine is off.
copied restored --via host --force-device "$(disk R)" "$(disk T)"

mounted B /mnt/b
before=$(ls -A /mnt/b)
copied timed --via C --fallback forbid --duration 1 "$(disk R)" /mnt/b/measured.bin
expect_more "bytes moved in a second" "$(json bytes_written out)" 0
expect_eq "what is in the target's directory" "$(ls -A /mnt/b)" "$before"
