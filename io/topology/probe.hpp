// Asks the devices themselves whether data goes from peer to peer: one block of an SSD is read
// straight into a provider's memory. Nothing is ever written to an SSD.
//
// A verdict is computed from what the kernel shows; a probe finds out what neither shows: a kernel
// with another list of root complexes, a bridge that loses what passes. Blocks for milliseconds.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/topology/machine.hpp"
#include "io/topology/obstacle.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace peerpress::io::topology {

struct probe_request {
    std::string allocate_path;   // of the provider
    std::string provider_label;  // for people
    // An SSD's block device, or any file that takes direct reads of its disk: for who may not open
    // the device.
    std::string disk_path;
};

// Nothing where the block arrived; else why not. Uncertain (is_uncertain) where it could not be
// tried.
std::optional<finding> probe(const probe_request& request);

// The same with a descriptor that is open already.
std::optional<finding> probe_file(const probe_request& request, int fd);

// How the disk's first block comes into a piece of memory: by the kernel, or by a test.
using block_reader = std::function<result<std::size_t>(bytes_span into)>;
std::optional<finding> probe_memory(const probe_request& request, const block_reader& read,
                                    bytes_span memory);

// All that a probe's answer depends on, as text: it changes when devices come, go or move, when
// file systems are mounted, and with the kernel; not with how much memory a provider has left.
std::string fingerprint(const host_files& files, const machine& in);

// Answers by provider and disk, as long as the fingerprint stays the same. Not thread-safe.
class probe_cache {
public:
    // Forgets everything where the fingerprint is another one.
    void renew(const std::string& fingerprint);

    // What is known, or what `tried` says now. What could not be tried is tried again.
    using attempt = std::function<std::optional<finding>(const probe_request&)>;
    std::optional<finding> ask(const probe_request& request, const attempt& tried = probe);

    std::size_t size() const { return answers_.size(); }

private:
    std::string fingerprint_;
    std::map<std::pair<std::string, std::string>, std::optional<finding>> answers_;
};

}  // namespace peerpress::io::topology
