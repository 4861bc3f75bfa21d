# machine: noload
# order: last
# about: an accelerator is gone in mid command: the command ends, the controller goes, the machine goes on
mounted A /mnt/a
mounted B /mnt/b
p=$(controller P)
order P "fault disappear"
expect_exit 1 core compress "$(p2pmem P)/allocate" "$(core_of P 1)" /mnt/a/data.bin /mnt/b/none.gz
gone() { [ ! -e "$p/state" ] || [ "$(cat "$p/state")" = dead ]; }
until_true 60 gone
compressed N 1 /mnt/a/data.bin /mnt/b/other.gz
