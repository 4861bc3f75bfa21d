# machine: epyc
# about: peerpressd copies from one ext4 SSD to another through a third's memory; watch shows p2p 100 %; metrics agree
mounted A /mnt/a
mounted B /mnt/b
cat >peerpressd.toml <<END
[listen]
unix = "$PWD/socket"
[state]
directory = "$PWD/state"
[metrics]
listen = "127.0.0.1:9100"
[p2p]
providers = ["C"]
END
peerpressd --config peerpressd.toml >peerpressd.log 2>&1 &
until_true 30 peerpress server-info --server "unix:$PWD/socket"
served_copy() {
    peerpress copy --server "unix:$PWD/socket" --fallback forbid --detach --json /mnt/a/data.bin /mnt/b/served.bin >job
    peerpress watch --server "unix:$PWD/socket" "$(json name job)" >watched 2>&1
}
span served served_copy || { cat job watched peerpressd.log; fail "the job failed"; }
cat watched
expect_contains "watch" "$(cat watched)" "p2p 100 %"
expect_same /mnt/a/data.bin /mnt/b/served.bin

peerpress watch --server "unix:$PWD/socket" --json "$(json name job)" >out
expect_paths 8388608 0 0
wget -q -O metrics http://127.0.0.1:9100/metrics
expect_contains "the metrics" "$(grep '^peerpress_path_bytes' metrics)" 'path="p2p"'
expect_contains "the metrics" "$(grep '^peerpress_path_bytes' metrics | grep p2p)" 8388608

# A raw device that the configuration does not list is not served.
expect_exit 1 peerpress copy --server "unix:$PWD/socket" --force-device --json "$(disk R)" "$(disk T)"
expect_eq "the reason" "$(json reason out)" DEVICE_FORBIDDEN
