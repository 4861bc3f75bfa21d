# By the accelerator's own trace, from the start of a job's first chunk to the end of its last. Each job begins with the
# device's test of itself: a checksum, and a chunk for each core that works.
chunks=$((($(size_of "$data/data.bin") + 491519) / 491520))
job_us() { # CORES: the time of the job on so many
    grep -E '"operation":"(checksum|compress)"' "$run/P.trace" |
        sed 's/.*"start_us":\([0-9]*\),"end_us":\([0-9]*\),.*"operation":"\([a-z]*\)".*/\1 \2 \3/' | sort -n |
        awk -v tests="$1" -v chunks="$chunks" '
            function over() { if (count == tests + chunks) found = end - first }
            $3 == "checksum" { over(); count = 0; end = 0; next }
            { count++ }
            count == tests + 1 { first = $1 }
            $2 > end { end = $2 }
            END { over(); print found + 0 }'
}
one=$(job_us 1)
three=$(job_us 3)
if [ "$one" -eq 0 ] || [ "$three" -eq 0 ]; then fail "the trace of P does not show both jobs of $chunks chunks"; fi
[ $((10 * one)) -ge $((28 * three)) ] || fail "one core took $one us, three took $three us: less than 2.8 times as fast"
echo "    ok on the host: one core took $one us, three took $three us"
