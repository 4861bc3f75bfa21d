# machine: epyc
# order: last
# about: what goes from peer to peer is never in RAM, and the rig would see it there
# The host looks for the markers in this machine's RAM. Nothing here may read them otherwise, and nothing may run
# behind this case: memory that is free again is soon overwritten.
mounted A /mnt/a
mounted B /mnt/b
copied marker --via C --fallback forbid /mnt/a/marker-p2p.bin /mnt/b/marker-p2p.bin
expect_paths 1048576 0 0
copied marker-through-host --via host /mnt/a/marker-host.bin /mnt/b/marker-host.bin
expect_paths 0 1048576 0
