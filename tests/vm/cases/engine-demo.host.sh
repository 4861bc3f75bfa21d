bytes=$((4 * $(size_of "$data/data.bin")))
read_in=$(($(bytes demo read N) + $(bytes demo read O) + $(bytes demo read P)))
written_out=$(($(bytes demo write N) + $(bytes demo write O) + $(bytes demo write P)))
at_least "read by SSD A into the accelerators" "$read_in" "$bytes"
at_least "written by SSD B from the accelerators" "$written_out" 4096
at_most "read into the guest's memory" "$(bytes demo read host)" $metadata_bytes_max
at_most "written from the guest's memory" "$(bytes demo write host)" $metadata_bytes_max
for model in N O P; do at_most "$model moved from or to the guest's memory" "$(traced $model compress read ram)" 0; done
debugfs -R "dump /demo.gz $run/demo.gz" "$run/B.img" >/dev/null 2>&1
gunzip -c "$run/demo.gz" | cmp - <(for _ in 1 2 3 4; do cat "$data/data.bin"; done) || fail "gunzip does not give the source"
echo "    ok on the host: gunzip of the image's demo.gz gives the source, $(size_of "$run/demo.gz") bytes of gzip"
{
    echo "bytes $bytes"
    echo "gzip_bytes $(size_of "$run/demo.gz")"
    echo "read_p2p $read_in"
    echo "written_p2p $written_out"
    echo "read_host $(bytes demo read host)"
    echo "written_host $(bytes demo write host)"
    for model in N O P; do
        echo "$model $(traced $model compress read cmb) $(traced $model compress read ram) $(traced $model compress written cmb) $(traced $model compress written ram)"
    done
    sed -n 's/^RIG demo //p' <<<"$log"
} >"$work/demo.txt"
