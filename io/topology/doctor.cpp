#include "io/topology/doctor.hpp"

#include "io/topology/verdict.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

std::string summarise_p2p(const machine& in) {
    if (in.controllers.empty())
        return "Peer to peer is for NVMe SSDs, and this machine has none: it does not apply here.";
    if (in.providers.empty())
        return "Peer to peer is not possible here: no device offers memory to its peers.";
    const pair_counts counts = count_pairs(in);
    if (counts.p2p > 0)
        return "Peer to peer is possible between some devices: `peerpress topology` shows which.";
    if (counts.unknown > 0)
        return "Whether peer to peer is possible is not readable for this user: run as root.";
    return "Peer to peer is not possible here, although there is memory for it: see what failed "
           "above.";
}

}  // namespace

std::string_view to_string(health of) {
    switch (of) {
        case health::ok:
            return "ok";
        case health::warning:
            return "warning";
        case health::failed:
            break;
    }
    return "failed";
}

bool diagnosis::healthy() const {
    return std::none_of(checks.begin(), checks.end(),
                        [](const check& each) { return each.status == health::failed; });
}

pair_counts count_pairs(const machine& in) {
    pair_counts counts;
    for (const p2pmem_provider& provider : in.providers) {
        for (const nvme_controller& controller : in.controllers) {
            if (!controller.address) continue;
            if (*controller.address == provider.address && in.controllers.size() > 1) continue;
            const verdict judged = judge_pair(in, provider.address, *controller.address);
            if (judged.path == data_path::p2p) ++counts.p2p;
            if (judged.path == data_path::unknown) ++counts.unknown;
            if (judged.path == data_path::host) ++counts.host;
            if (judged.reason() && !counts.first) counts.first = *judged.reason();
        }
    }
    return counts;
}

diagnosis examine(const host_files& files, const machine& in, const process_facts& process) {
    diagnosis made;
    made.checks = examine_software(files, process);
    made.software_works = made.healthy();
    for (check& each : examine_p2p(files, in)) made.checks.push_back(std::move(each));

    made.summary = made.software_works
                       ? "Compression in software works: files pass through this machine's memory "
                         "and processors."
                       : "Compression in software does not work until what failed above is mended.";
    made.summary += "\n" + summarise_p2p(in);
    return made;
}

}  // namespace peerpress::io::topology
