bytes=$(size_of "$data/data.bin")
at_least "compress, read into N" "$(bytes compress read N)" "$bytes"
at_most "compress, read into host memory" "$(bytes compress read host)" $((metadata_bytes_max + 2 * (1 << 20)))
at_most "compress, written from host memory" "$(bytes compress write host)" $metadata_bytes_max
at_least "decompress, written from N" "$(bytes decompress write N)" "$bytes"
at_most "decompress, written from host memory" "$(bytes decompress write host)" $metadata_bytes_max
at_least "N compressed from its own memory" "$(traced N compress read cmb)" "$bytes"
at_most "N read from the guest's memory" "$(traced N compress read ram)" 0
for name in data.bin odd; do
    source=$data/${name%.bin}.bin
    debugfs -R "dump /$name.gz $run/$name.gz" "$run/B.img" >/dev/null 2>&1
    gunzip -c "$run/$name.gz" | cmp - "$source" || fail "$name.gz does not hold $source"
    echo "    ok on the host: gunzip gives $source"
done
expect_file A /back.bin "$data/data.bin"
