expect_absent B /killed.bin
expect_absent B /interrupted.bin
