# machine: epyc
# about: a tree of files from peer to peer; under forbid none of them moves where one cannot
mounted A /mnt/a
mounted B /mnt/b
mkdir /mnt/b/trees
copied tree --via C -r /mnt/a/tree /mnt/b/trees
expect_paths 11389385 0 0
expect_same /mnt/a/tree/first /mnt/b/trees/tree/first
expect_same /mnt/a/tree/below/second /mnt/b/trees/tree/below/second

mkdir -p /mnt/a/mixed/below
cp /mnt/a/tree/first /mnt/a/mixed/first
truncate -s 1048576 /mnt/a/mixed/below/sparse
refused --via C --fallback forbid -r /mnt/a/mixed /mnt/b/trees
expect_contains "the message" "$(json message out)" "no file was copied"
expect_contains "the message" "$(json message out)" "below/sparse"
[ ! -e /mnt/b/trees/mixed ] || fail "something was made all the same"
