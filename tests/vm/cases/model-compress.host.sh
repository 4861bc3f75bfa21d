bytes=$((480 << 10))
at_least "compress, read into N" "$(bytes compress read N)" $bytes
at_least "compress, written from N" "$(bytes compress write N)" 4096
at_most "compress, read into host memory" "$(bytes compress read host)" $metadata_bytes_max
at_most "compress, written from host memory" "$(bytes compress write host)" $metadata_bytes_max
expect_member B /member.gz "$data/data.bin" $bytes
at_least "N read from its own memory" "$(traced N compress read cmb)" $bytes
at_most "N read from the guest's" "$(traced N compress read ram)" 0
at_most "N wrote to the guest's" "$(traced N compress written ram)" 0
