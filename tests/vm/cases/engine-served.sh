# machine: noload
# about: the server has jobs done by accelerators, for an ordinary user, goes on when one is reset, and shows how they are
mounted A /mnt/a
mounted B /mnt/b
cat >peerpressd.toml <<END
[listen]
unix = "$PWD/socket"
unix_mode = 0o666
[state]
directory = "$PWD/state"
[metrics]
listen = "127.0.0.1:9100"
[noload]
timeout_ms = 3000
END
chmod 755 . && chmod 777 /mnt/b
peerpressd --config peerpressd.toml >peerpressd.log 2>&1 &
until_true 60 peerpress server-info --server "unix:$PWD/socket"
peerpress server-info --server "unix:$PWD/socket" >info
expect_contains "server-info" "$(cat info)" "serial N, 4 cores, serving"
expect_contains "server-info" "$(cat info)" "serial O, 2 cores, serving"
served() { # NAME OPTIONS...
    name=$1
    shift
    as_user peerpress compress --server "unix:$PWD/socket" --json "$@" -o "/mnt/b/$name.gz" /mnt/a/data.bin
}
expect_exit 0 served plain --fallback forbid
expect_paths 8388608 0 0
gunzip -c /mnt/b/plain.gz | cmp - /mnt/a/data.bin || fail "plain.gz is not right"

wget -q -O metrics http://127.0.0.1:9100/metrics
expect_contains "the metrics" "$(grep '^peerpress_accelerator_serving' metrics | grep 'serial="N"')" "} 1"
expect_contains "the metrics" "$(grep '^peerpress_path_bytes' metrics)" 'path="p2p"'

# A reset in the middle of a job: its chunks are redone, and the accelerator serves again after a test.
order N "fault delay=1s times=2"
(sleep 0.7 && echo 1 >"$(controller N)/reset_controller") &
expect_exit 0 served reset
gunzip -c /mnt/b/reset.gz | cmp - /mnt/a/data.bin || fail "reset.gz is not right"
serves_again() { peerpress server-info --server "unix:$PWD/socket" | grep -q "serial N, 4 cores, serving"; }
until_true 60 serves_again
expect_exit 0 served after --via N --fallback forbid
expect_paths 8388608 0 0

# One that says nothing is left alone.
order O "fault hang=20s"
expect_exit 0 served silent --via O
gunzip -c /mnt/b/silent.gz | cmp - /mnt/a/data.bin || fail "silent.gz is not right"
