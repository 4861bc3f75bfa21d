# machine: epyc
# about: a raw device to a raw device, only with --force-device, and not one that is in use
refused --via C "$(disk R)" "$(disk T)"
copied devices --via C --fallback forbid --force-device "$(disk R)" "$(disk T)"
expect_paths 33554432 0 0
expect_contains "the report" "$(cat out)" '"reason":"TARGET_NOT_ATOMIC"'
expect_contains "the report" "$(cat out)" "(serial T)"
expect_same "$(disk R)" "$(disk T)"

mounted B /mnt/b
refused --via C --force-device "$(disk R)" "$(disk B)"
expect_contains "the refusal" "$(cat out)" /mnt/b
