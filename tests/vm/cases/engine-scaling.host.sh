# By the accelerator's own trace: from the start of a job's first chunk to the end of its last. A device's test of itself,
# one chunk for each core, comes before each job. With one core the job's chunks are the only ones in a row on it.
chunks=$(((4 * $(size_of "$data/data.bin") + 491519) / 491520))
grep '"operation":"compress"' "$run/P.trace" |
    sed 's/.*"start_us":\([0-9]*\),"end_us":\([0-9]*\),"namespace":\([0-9]*\),.*/\1 \2 \3/' | sort -n >"$run/P.compressed"
row=$(awk '{ row = $3 == 1 ? row + 1 : 0; if (row > longest) { longest = row; last = NR } } END { print longest, last }' "$run/P.compressed")
read -r longest last <<<"$row"
[ "$longest" -ge $((chunks + 2)) ] || fail "$longest chunks in a row on one core, wanted $chunks and a test before and behind"
job_us() { # FIRST: a job's time, of which that is the first line
    sed -n "$1,$(($1 + chunks - 1))p" "$run/P.compressed" |
        awk 'NR == 1 { first = $1 } $2 > last { last = $2 } END { printf "%.0f\n", last - first }'
}
# The row's last chunk is the first of the three cores' tests.
one=$(job_us $((last - chunks)))
three=$(job_us $((last + 3)))
[ $((10 * one)) -ge $((28 * three)) ] || fail "one core took $one us, three took $three us: less than 2.8 times as fast"
echo "    ok on the host: one core took $one us, three took $three us"
