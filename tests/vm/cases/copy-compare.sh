# machine: epyc
# about: --legacy-compare moves the same both ways, and says what that costs the host's memory
copied compare --via C --fallback forbid --force-device --chunks 16 --latency --legacy-compare "$(disk R)" "$(disk T)"
expect_eq "how many measurements there are" "$(grep -c '"type":"measurement"' out)" 2
grep '"path":"p2p"' out >p2p
grep '"path":"host"' out >host
expect_contains "the staging of the first" "$(cat p2p)" "p2pmem of $(basename "$(controller C)") ($(address C))"
expect_contains "what the first cost the host's memory" "$(cat p2p)" '"host_bytes_per_byte":0E0'
expect_contains "what the second cost it" "$(cat host)" '"host_bytes_per_byte":2E0'
for way in p2p host; do
    expect_eq "bytes moved" "$(json bytes_written $way)" 16777216
    expect_contains "the latencies" "$(cat $way)" '"writes":{"count":16,'
done
