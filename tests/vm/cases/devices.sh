# machine: epyc
# about: peerpress devices shows the controllers, their disks and what peers can have of their memory
expect_exit 0 peerpress devices --json
line() { grep "\"serial\":\"$1\"" out; }
expect_contains "the line of C" "$(line C)" "\"address\":\"$(address C)\""
expect_contains "the line of C" "$(line C)" '"memory":{"size_bytes":67108864,"read_data":true,"write_data":true}'
expect_contains "the line of C" "$(line C)" \
    "\"p2pmem\":{\"size_bytes\":67108864,\"available_bytes\":$(available C),\"published\":true,\"permitted\":true}"
expect_contains "the line of S" "$(line S)" '"p2pmem":{"size_bytes":2097152,'
expect_contains "the line of A" "$(line A)" '"p2pmem":null'
expect_contains "the line of A" "$(line A)" "\"name\":\"$(basename "$(disk A)")\""

before=$(available C)
holding C 16
expect_exit 0 peerpress devices --json
expect_contains "the line of C while a stranger holds 16 MiB" "$(line C)" "\"available_bytes\":$((before - (16 << 20)))"

as_user peerpress devices --json >out
expect_contains "the line of C for an ordinary user" "$(line C)" '"permitted":false'
