expect_probed_only refused C
expect_probed_only refused F
at_most "written before the refusal" "$(bytes refused write host)" $metadata_bytes_max
expect_host by-host "$(size_of "$data/data.bin")"
expect_file B /out.bin "$data/data.bin"
