# machine: epyc
# about: a file whose data lie in its inode cannot be read directly: refused for p2p with that reason
mounted A /mnt/a
mounted B /mnt/b
refused --via C --fallback forbid /mnt/a/inline.bin /mnt/b/inline.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" "inode"
[ ! -e /mnt/b/inline.bin ] || fail "there is an output all the same"
copied allowed --via C /mnt/a/inline.bin /mnt/b/inline.bin
expect_eq "p2p bytes" "$(path_bytes p2p out)" 0
expect_same /mnt/a/inline.bin /mnt/b/inline.bin
