# machine: epyc
# about: from ext4 to XFS and back
mounted A /mnt/a
mounted X /mnt/x xfs
mounted B /mnt/b
copied to-xfs --via C --fallback forbid /mnt/a/odd.bin /mnt/x/odd.bin
expect_same /mnt/a/odd.bin /mnt/x/odd.bin
copied from-xfs --via C --fallback forbid /mnt/x/odd.bin /mnt/b/from-xfs.bin
expect_same /mnt/a/odd.bin /mnt/b/from-xfs.bin
