# Sourced before a case's host side: what QEMU's trace says of where the disks' DMA went, and what the disks' images
# hold. $run is the machine's folder, $log the case's part of the serial line, $data the folder of the source files,
# $here tests/vm. A failing command ends the case.

fail() {
    echo "    FAILED on the host: $*" >&2
    exit 1
}

# moved SPAN: what the disks' DMA did while the guest was between the two marks of `span SPAN`; see moved.py.
moved() {
    local marks windows result=$run/$case.$1.moved
    if [ ! -e "$result" ]; then
        marks=$(sed -n "s/^RIG span $1 //p" <<<"$log" | tail -n 1)
        [ -n "$marks" ] || fail "the guest noted no span '$1'"
        windows=$(tr -d '\r' <"$run/serial" | sed -n 's/^RIG window //p')
        # shellcheck disable=SC2086
        "$here/moved.py" "$run/trace" $marks $windows >"$result.part" ||
            fail "QEMU's trace does not hold both marks of span '$1'"
        mv "$result.part" "$result"
    fi
    cat "$result"
}

# A number of a span's line, 0 where there is no such line, and nothing where the span is not known.
moved_field() { # FIELD SPAN read|write SERIAL|host
    local lines
    lines=$(moved "$2") || return
    awk -v field="$1" -v which="$3 $4" '$1 " " $2 == which { found = $field } END { print found + 0 }' <<<"$lines"
}

bytes() { moved_field 3 "$@"; }             # SPAN read|write SERIAL|host: bytes moved
command_bytes_max() { moved_field 4 "$@"; } # the most bytes of one such command

# File systems' own blocks (inodes, journal, bitmaps) go through host memory beside the data.
metadata_bytes_max=$((1 << 20))

at_least() { # WHAT GOT FLOOR
    [ "$2" -ge "$3" ] || fail "$1: $2 bytes, wanted at least $3"
    echo "    ok on the host: $1: $2 bytes"
}

at_most() { # WHAT GOT CEILING
    [ "$2" -le "$3" ] || fail "$1: $2 bytes, wanted at most $3"
    echo "    ok on the host: $1: $2 bytes"
}

# expect_p2p SPAN SERIAL BYTES: that many were read into the controller's memory and written out of it, and none but
# the file systems' own went through the host's.
expect_p2p() {
    at_least "$1, read into $2" "$(bytes "$1" read "$2")" "$3"
    at_least "$1, written from $2" "$(bytes "$1" write "$2")" "$3"
    at_most "$1, read into host memory" "$(bytes "$1" read host)" $metadata_bytes_max
    at_most "$1, written from host memory" "$(bytes "$1" write host)" $metadata_bytes_max
}

# expect_untouched SPAN SERIAL: not a byte went into or out of the controller's memory.
expect_untouched() {
    at_most "$1, read into $2" "$(bytes "$1" read "$2")" 0
    at_most "$1, written from $2" "$(bytes "$1" write "$2")" 0
}

# expect_probed_only SPAN SERIAL: a probe reads a block of each SSD into the controller's memory, and never writes.
expect_probed_only() {
    at_most "$1, read into $2" "$(bytes "$1" read "$2")" $((64 << 10))
    at_most "$1, written from $2" "$(bytes "$1" write "$2")" 0
}

# expect_host SPAN BYTES: that many were read into host memory and written out of it, none by way of any controller's.
expect_host() {
    at_least "$1, read into host memory" "$(bytes "$1" read host)" "$2"
    at_least "$1, written from host memory" "$(bytes "$1" write host)" "$2"
    local window
    for window in $(tr -d '\r' <"$run/serial" | sed -n 's/^RIG window \([^ ]*\) .*/\1/p'); do
        expect_probed_only "$1" "$window"
    done
}

# expect_file SERIAL PATH FILE: the file that lies in the ext4 image of a disk is FILE, byte for byte.
expect_file() {
    local read_back
    read_back=$run/$(basename "$2").read
    rm -f "$read_back"
    debugfs -R "dump $2 $read_back" "$run/$1.img" >/dev/null 2>&1
    cmp "$read_back" "$3" || fail "$2 in the image of $1 is not $3"
    rm -f "$read_back"
    echo "    ok on the host: $2 in the image of $1 is $(basename "$3")"
}

# expect_absent SERIAL PATH
expect_absent() {
    local listed
    listed=$(debugfs -R "stat $2" "$run/$1.img" 2>&1 || true)
    grep -q 'File not found' <<<"$listed" || fail "$2 is in the image of $1"
    echo "    ok on the host: the image of $1 holds no $2"
}

size_of() { stat -c %s "$1"; }

# expect_in_ram FILE, expect_never_in_ram FILE: whether the guest's RAM, when it was off, held the text that repeats in FILE.
expect_in_ram() {
    grep -q -a -F "$(head -n 1 "$1")" "$run/ram" || fail "$(basename "$1") went through RAM, and left no trace of it there"
    echo "    ok on the host: the guest's RAM holds $(basename "$1")"
}
expect_never_in_ram() {
    if grep -q -a -F "$(head -n 1 "$1")" "$run/ram"; then fail "the guest's RAM holds $(basename "$1")"; fi
    echo "    ok on the host: the guest's RAM does not hold $(basename "$1")"
}

# expect_member SERIAL PATH FILE BYTES: the gzip file in the ext4 image of a disk holds the first bytes of FILE.
expect_member() {
    local read_back=$run/member.gz
    rm -f "$read_back"
    debugfs -R "dump $2 $read_back" "$run/$1.img" >/dev/null 2>&1
    gunzip -c "$read_back" | cmp - <(head -c "$4" "$3") || fail "$2 in the image of $1 does not hold $4 bytes of $3"
    [ $(($(size_of "$read_back") % 4096)) -eq 0 ] || fail "$2 in the image of $1 does not end at a block"
    rm -f "$read_back"
    echo "    ok on the host: $2 in the image of $1 holds the first $4 bytes of $(basename "$3")"
}

# traced SERIAL OPERATION WHERE(read|written) PLACE(cmb|ram): bytes that an accelerator's model says it moved so.
traced() {
    grep "\"operation\":\"$2\"" "$run/$1.trace" | sed "s/.*\"$3\":\[\([^]]*\)\].*/\1/" | tr '{' '\n' |
        sed -n "s/.*\"in\":\"$4\".*\"bytes\":\([0-9]*\).*/\1/p" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# expect_events SERIAL EVENT COUNT: at least so many are in the model's trace.
expect_events() {
    local count
    count=$(grep -c "\"event\":\"$2\"" "$run/$1.trace" || true)
    [ "$count" -ge "$3" ] || fail "$1's trace has $count times '$2', wanted $3"
    echo "    ok on the host: $1's trace has $count times '$2'"
}
