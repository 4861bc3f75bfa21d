size=$(size_of "$data/odd.bin")
# fio's 1 MiB, and ours.
at_least "read into C" "$(bytes beside read C)" $((size + (1 << 20)))
at_least "written from C" "$(bytes beside write C)" "$size"
at_most "read into host memory" "$(bytes beside read host)" $metadata_bytes_max
at_most "written from host memory" "$(bytes beside write host)" $metadata_bytes_max
expect_file B /beside.bin "$data/odd.bin"
