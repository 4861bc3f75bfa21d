size=$(size_of "$data/data.bin")
expect_host through-host "$size"
at_least "fio's, read into C" "$(bytes through-cmb read C)" "$size"
at_most "fio's, read into host memory" "$(bytes through-cmb read host)" $metadata_bytes_max
expect_untouched through-cmb F
expect_file B /out.bin "$data/data.bin"

# The judgements themselves must fail where they should.
refuses() {
    if ("$@") >/dev/null 2>&1; then fail "$* holds, and should not"; fi
    echo "    ok on the host: refused: $*"
}
refuses expect_p2p through-host C "$size"
refuses expect_host through-cmb "$size"
refuses expect_untouched through-cmb C
refuses expect_untouched no-such-span C
refuses expect_file B /out.bin "$data/odd.bin"
refuses expect_absent B /out.bin
