# machine: epyc
# about: peerpress doctor finds nothing to mend as root, and the permission as an ordinary user
expect_exit 0 peerpress doctor --json
expect_eq "the diagnosis" "$(json healthy out)" true
expect_contains "the checks" "$(cat out)" '"name":"p2pmem","status":"ok"'

expect_exit 1 as_user peerpress doctor --json
expect_contains "the checks of a user" "$(cat out)" '"name":"permission","status":"failed"'
expect_contains "what mends it" "$(cat out)" "chgrp GROUP $(p2pmem C)/allocate"
expect_eq "that software works" "$(json software_works out)" true

# What it tells the user to do does help.
chgrp user "$(p2pmem C)/allocate" "$(p2pmem S)/allocate" "$(p2pmem F)/allocate"
as_user peerpress doctor --json >out || true
chgrp root "$(p2pmem C)/allocate" "$(p2pmem S)/allocate" "$(p2pmem F)/allocate"
expect_contains "the checks after chgrp" "$(cat out)" '"name":"permission","status":"ok"'
