#include "client/bench/machine.hpp"

#include "io/topology/backing.hpp"
#include "io/topology/machine.hpp"

#include <sys/utsname.h>

#include <fstream>

namespace peerpress::client::bench {
namespace {

// x86 says "model name"; other processors say nothing there.
std::string processor_name() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos)
            return line.substr(colon + 2);
    }
    utsname system{};
    return ::uname(&system) == 0 ? system.machine : "unknown processor";
}

std::string kernel_name() {
    utsname system{};
    if (::uname(&system) != 0) return "unknown kernel";
    return std::string(system.sysname) + " " + system.release;
}

std::string file_system_of(const std::string& directory) {
    namespace topology = io::topology;
    const auto found = topology::identify(directory);
    if (!found) return {};
    const topology::host_files files;
    return topology::find_backing(files, topology::read_machine(files), *found).file_system;
}

}  // namespace

machine_figures look_at_machine(const std::string& directory) {
    return {.processor = processor_name(),
            .cores = 0,
            .kernel = kernel_name(),
            .data = {},
            .directory = directory,
            .file_system = file_system_of(directory)};
}

}  // namespace peerpress::client::bench
