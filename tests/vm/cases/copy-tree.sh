# machine: epyc
# about: a tree of files, each by its own way
mounted A /mnt/a
mounted B /mnt/b
mkdir /mnt/b/trees
copied tree --via C -r /mnt/a/tree /mnt/b/trees
expect_paths 11389385 0 0
expect_same /mnt/a/tree/first /mnt/b/trees/tree/first
expect_same /mnt/a/tree/below/second /mnt/b/trees/tree/below/second
