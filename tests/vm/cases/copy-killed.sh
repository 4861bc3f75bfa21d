# machine: epyc
# about: a copy that is killed gives the device's memory back, and leaves nothing under the output's name
mounted B /mnt/b
left=$(available C)
peerpress copy --no-server --via C --fallback forbid --chunk 256K "$(disk Q)" /mnt/b/killed.bin >out 2>err &
copy=$!
stat=/sys/class/block/$(basename "$(disk Q)")/stat
read -r _ _ start _ <"$stat"
reads_on() {
    read -r _ _ sectors _ <"$stat"
    [ "$sectors" -gt $((start + 2048)) ]
}
until_true 20 reads_on
[ "$(available C)" -lt "$left" ] || fail "it has taken no memory"
kill -9 $copy
wait $copy || true
given_back() { [ "$(available C)" -eq "$left" ]; }
until_true 20 given_back
echo "    ok: all $left bytes are back"
[ ! -e /mnt/b/killed.bin ] || fail "there is an output"

# Where it may end itself nothing is left at all.
before=$(ls -A /mnt/b)
peerpress copy --no-server --via C --fallback forbid --chunk 256K "$(disk Q)" /mnt/b/interrupted.bin >out 2>err &
copy=$!
read -r _ _ start _ <"$stat"
until_true 20 reads_on
kill -TERM $copy
wait $copy || true
expect_eq "what is in the target's directory" "$(ls -A /mnt/b)" "$before"
expect_eq "what is left of C's p2pmem" "$(available C)" "$left"
