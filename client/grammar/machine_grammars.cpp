#include "client/grammar/machine_grammars.hpp"

#include "client/printable.hpp"

namespace peerpress::client {

namespace {

constexpr const char* root_help =
    "Read /sys, /proc and /boot below DIR: in a container, where the host's are mounted";
constexpr const char* json_help = "Print JSON lines on standard output instead of text";

}  // namespace

devices_grammar::devices_grammar()
    : command_grammar(
          "devices", "List NVMe devices and accelerators, and take accelerators out of service",
          "P2PMEM is memory in a device that its peers can read and write. Where a server answers, "
          "its accelerators are shown with their state.\n\n"
          "`drain DEVICE...` has the server give the accelerators, named by serial number or PCI "
          "address, nothing new to do: what is under way ends, and jobs go on with others, or in "
          "software where they may. `return DEVICE...` has them serve again, as does a new start "
          "of the server. Both are an administrator's.") {
    operands(words_, "[drain|return DEVICE...]");
    add_server_options(request_.server);
    value("--root", "DIR", [this](const std::string& given) { request_.root = given; }, root_help);
    flag("--json", request_.output.json, json_help);
}

request devices_grammar::finish() {
    if (words_.empty()) {
        if (request_.root != "/" && !request_.server.address.empty())
            refuse("--root takes no --server");
        return request_;
    }
    const std::string& action = words_.front();
    if (action != "drain" && action != "return")
        refuse("unexpected operand '" + printable(action) + "': drain or return");
    if (words_.size() == 1) refuse("DEVICE is missing");
    if (request_.root != "/") refuse("--root takes no operands");
    request_.action = action == "drain" ? devices_action::drain : devices_action::give_back;
    request_.devices.assign(words_.begin() + 1, words_.end());
    return request_;
}

topology_grammar::topology_grammar()
    : command_grammar(
          "topology", "Show which devices can exchange data from peer to peer",
          "Without operands: the PCIe tree of NVMe devices, and for each device with memory for "
          "peers which devices reach it.\n\n"
          "With SOURCE and TARGET, files or block devices: whether data between them can go from "
          "peer to peer, through which device, and if not, why and what to do. TARGET need not "
          "exist yet. The exit code is 0 where they can and 1 where they cannot or it is not "
          "known.\n\n"
          "The verdict is a prediction from what the kernel shows: devices and file systems, not "
          "what lies in a file. Settings that only root can read make it `unknown`.") {
    operands(paths_, "[SOURCE TARGET]", 0, 2);
    app()
        .add_option("--provider", request_.providers,
                    "Only through this device, by PCI address or serial number; may be repeated")
        ->type_name("DEVICE")
        ->allow_extra_args(false);
    value(
        "--needed", "SIZE",
        [this](const std::string& given) { request_.needed_bytes = size_value("--needed", given); },
        "The device must have SIZE of its memory left");
    value("--root", "DIR", [this](const std::string& given) { request_.root = given; }, root_help);
    flag("--json", request_.output.json, json_help);
}

request topology_grammar::finish() {
    if (paths_.size() == 1) refuse("TARGET is missing");
    if (paths_.empty() && !(request_.providers.empty() && request_.needed_bytes == 1))
        refuse("--provider and --needed take SOURCE and TARGET");
    if (!paths_.empty() && request_.root != "/") refuse("--root takes no SOURCE and TARGET");
    if (paths_.size() == 2) {
        request_.source = paths_[0];
        request_.target = paths_[1];
    }
    return request_;
}

doctor_grammar::doctor_grammar()
    : command_grammar("doctor", "Examine what this machine can do, and say what mends it",
                      "A check that fails stands in the way of something that this machine could "
                      "do; a warning does not. The exit code is 1 where a check fails, else 0.") {
    value("--root", "DIR", [this](const std::string& given) { request_.root = given; }, root_help);
    flag("--json", request_.output.json, json_help);
}

}  // namespace peerpress::client
