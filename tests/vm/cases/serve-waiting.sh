# machine: epyc
# about: two jobs at a server that takes two chunks of a device's memory: they wait for it in turn, and all goes p2p
mounted A /mnt/a
mounted B /mnt/b
cat >peerpressd.toml <<END
[listen]
unix = "$PWD/socket"
[state]
directory = "$PWD/state"
[p2p]
providers = ["C"]
budget_bytes = 2097152
END
before=$(available C)
peerpressd --config peerpressd.toml >peerpressd.log 2>&1 &
until_true 30 peerpress server-info --server "unix:$PWD/socket"
# The least that was left of the pool meanwhile, in ./least.
keep_least() {
    echo "$before" >least
    while [ ! -e enough ]; do
        left=$(available C)
        [ "$left" -ge "$(cat least)" ] || echo "$left" >least
    done
}
both() {
    for name in data odd; do
        peerpress copy --server "unix:$PWD/socket" --fallback forbid --detach --json \
            "/mnt/a/$name.bin" "/mnt/b/waited-$name.bin" >"job-$name" || return 1
    done
    for name in data odd; do
        peerpress watch --server "unix:$PWD/socket" --json "$(json name "job-$name")" >"out-$name" || return 1
    done
}
keep_least &
span waited both || { cat out-* peerpressd.log; fail "a job failed"; }
touch enough
wait $!
expect_eq "p2p bytes of the one" "$(path_bytes p2p out-data)" 8388608
expect_eq "p2p bytes of the other" "$(path_bytes p2p out-odd)" 3000777
expect_eq "the most that was taken of the pool" $((before - $(cat least))) 2097152
expect_eq "left of it in the end" "$(available C)" "$before"
expect_same /mnt/a/data.bin /mnt/b/waited-data.bin
expect_same /mnt/a/odd.bin /mnt/b/waited-odd.bin
