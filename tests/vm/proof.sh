# Sourced by the cases' host side: what QEMU's trace says of where the disks' DMA went.

# The window of the controller memory buffer that the guest reported by `note_window SERIAL`: first and last address.
window() { # SERIAL
    tr -d '\r' <"$run/serial" | sed -n "s/^RIG window $1 //p" | tail -n 1
}

# dma_bytes FIRST LAST: bytes that the emulated disks moved to or from addresses in the window.
# Addresses are compared as text of equal length, since awk's numbers may lose bits.
dma_bytes() {
    awk -v first="$1" -v last="$2" '
        function padded(hex) { hex = substr(hex, 3); while (length(hex) < 16) hex = "0" hex; return hex }
        BEGIN { first = padded(first); last = padded(last) }
        $1 == "pci_nvme_map_addr" { a = padded($3); if (a >= first && a <= last) bytes += $5 }
        END { printf "%.0f\n", bytes }' "$run/trace"
}
