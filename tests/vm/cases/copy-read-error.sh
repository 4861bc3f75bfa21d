# machine: epyc
# about: a place of the source that cannot be read: an error that says so, and no output
mounted E /mnt/e
mounted B /mnt/b
refused --via C --fallback forbid /mnt/e/data.bin /mnt/b/broken.bin
expect_contains "the report" "$(cat out)" '"reason":"IO_ERROR","message":"/mnt/e/data.bin: cannot be read'
[ -z "$(ls -A /mnt/b | grep -v '^lost+found$' | grep broken)" ] || fail "something is left: $(ls -A /mnt/b)"
# The disk still reads what can be read.
copied other --via C --fallback forbid /mnt/e/odd.bin /mnt/b/other.bin
cmp /mnt/b/other.bin /mnt/e/odd.bin
