mebibyte=$((1 << 20))
at_least "read into C" "$(bytes read-only read C)" $((4 * mebibyte))
at_most "written from C without writes" "$(bytes read-only write C)" 0
at_least "written from C" "$(bytes write-only write C)" $((4 * mebibyte))
at_most "read into C without reads" "$(bytes write-only read C)" $((64 << 10))
expect_p2p overlapping C $((4 * mebibyte))
expect_absent B /measured.bin
