size=$(size_of "$data/odd.bin")
# XFS writes its log through host memory: more than ext4's few blocks, less than the file.
for span in to-xfs from-xfs; do
    at_least "$span, read into C" "$(bytes $span read C)" "$size"
    at_least "$span, written from C" "$(bytes $span write C)" "$size"
    at_most "$span, written from host memory" "$(bytes $span write host)" $((size / 2))
    at_most "$span, read into host memory" "$(bytes $span read host)" $((size / 2))
done
expect_file B /from-xfs.bin "$data/odd.bin"
