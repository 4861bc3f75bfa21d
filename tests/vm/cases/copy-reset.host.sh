expect_p2p reset C $((16 << 20))
cmp -n $((16 << 20)) "$run/Q.img" "$run/T.img" || fail "the images of Q and T differ"
