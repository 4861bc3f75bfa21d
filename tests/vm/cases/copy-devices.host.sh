expect_p2p devices C $((32 << 20))
cmp "$run/R.img" "$run/T.img" || fail "the images of R and T differ"
expect_probed_only refused C
