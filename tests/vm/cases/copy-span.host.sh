expect_p2p span C $((32 << 20))
at_most "the longest write command" "$(command_bytes_max span write C)" $((128 << 10))
at_least "the longest read command" "$(command_bytes_max span read C)" $((256 << 10))
cmp "$run/R.img" "$run/L.img" || fail "the images of R and L differ"
