# machine: noload
# about: an administrator drains an accelerator and returns it; one that is removed and found again serves again
mounted A /mnt/a
mounted B /mnt/b
cat >peerpressd.toml <<END
[listen]
unix = "$PWD/socket"
[state]
directory = "$PWD/state"
[metrics]
listen = "127.0.0.1:9101"
END
peerpressd --config peerpressd.toml >peerpressd.log 2>&1 &
export PEERPRESS_SERVER="unix:$PWD/socket"
until_true 60 peerpress server-info
shows() { peerpress devices | grep -q "serial O  1 to compress, 1 to decompress, 1 MiB a command, $1"; }
served() { # NAME OPTIONS...
    name=$1
    shift
    peerpress compress --json --via O "$@" -o "/mnt/b/drain-$name.gz" /mnt/a/data.bin
}
until_true 10 shows serving

expect_exit 0 peerpress devices drain O
expect_contains "the answer" "$(cat out)" "drained by an administrator"
until_true 10 shows drained
until_true 10 sh -c 'wget -q -O - http://127.0.0.1:9101/metrics | grep "^peerpress_accelerator_drained.*serial=.O.} 1"'
expect_exit 0 served drained
expect_paths 0 0 8388608
expect_contains "the report" "$(cat out)" "drained"
expect_exit 0 peerpress devices return O
expect_exit 0 served returned --fallback forbid
expect_paths 8388608 0 0

# Gone while nobody uses it, and back by another name.
o=$(address O)
echo 1 >"/sys/bus/pci/devices/$o/remove"
until_true 10 shows quarantined
echo 1 >/sys/bus/pci/rescan
until_true 60 cores_ready O 2
until_true 20 shows serving
expect_exit 0 served back --fallback forbid
expect_paths 8388608 0 0
gunzip -c /mnt/b/drain-back.gz | cmp - /mnt/a/data.bin || fail "drain-back.gz is not right"
