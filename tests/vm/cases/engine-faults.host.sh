for name in again flipped crc length stale untested down up; do
    debugfs -R "dump /erring-$name.gz $run/$name.gz" "$run/B.img" >/dev/null 2>&1
    gunzip -c "$run/$name.gz" | cmp - "$data/data.bin" || fail "$name.gz is not right"
    echo "    ok on the host: gunzip of $name.gz"
done
expect_absent B /erring-forbidden.gz
