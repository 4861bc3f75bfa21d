size=$(size_of "$data/odd.bin")
at_least "read into C" "$(bytes verified read C)" "$size"
at_least "written from C" "$(bytes verified write C)" "$size"
at_most "written from host memory" "$(bytes verified write host)" $metadata_bytes_max
# To verify is to read source and target by the CPU.
at_least "read into host memory" "$(bytes verified read host)" $((2 * size))
expect_probed_only exists C
for name in odd one empty; do
    expect_file B "/$name.bin" "$data/$name.bin"
done
