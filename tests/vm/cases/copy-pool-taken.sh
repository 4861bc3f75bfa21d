# machine: epyc
# about: a stranger has taken the pool: the host path with that reason, a refusal under forbid, p2p again when it is gone
mounted A /mnt/a
mounted B /mnt/b
holding C 63
refused --via C --fallback forbid /mnt/a/odd.bin /mnt/b/taken.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
[ ! -e /mnt/b/taken.bin ] || fail "there is an output all the same"
copied by-host --via C /mnt/a/odd.bin /mnt/b/taken.bin
expect_paths 0 3000777 0
expect_same /mnt/a/odd.bin /mnt/b/taken.bin

kill $holder
until_true 10 sh -c "[ \$(cat '$(p2pmem C)/available') -gt 60000000 ]"
copied free-again --via C --fallback forbid /mnt/a/odd.bin /mnt/b/free.bin
expect_same /mnt/a/odd.bin /mnt/b/free.bin
expect_more "left of the pool after the copy" "$(available C)" 60000000
