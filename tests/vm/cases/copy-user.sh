# machine: epyc
# about: an ordinary user: permission denied is the reason; a group that was given the memory may use it
mounted A /mnt/a
mounted B /mnt/b
mkdir -p /mnt/b/user
chown user /mnt/b/user
span refused expect_exit 1 as_user peerpress copy --no-server --json --via C --fallback forbid /mnt/a/odd.bin /mnt/b/user/out.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" allocate
span by-host expect_exit 0 as_user peerpress copy --no-server --json --via C /mnt/a/odd.bin /mnt/b/user/out.bin
expect_paths 0 3000777 0
expect_same /mnt/a/odd.bin /mnt/b/user/out.bin

chgrp user "$(p2pmem C)/allocate"
span permitted expect_exit 0 as_user peerpress copy --no-server --json --via C --fallback forbid /mnt/a/odd.bin /mnt/b/user/p2p.bin
chgrp root "$(p2pmem C)/allocate"
expect_same /mnt/a/odd.bin /mnt/b/user/p2p.bin
