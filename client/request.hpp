// What the command line asked for, as plain values: what the grammar produces and the commands
// consume.
#pragma once

#include "jobs/job_spec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace peerpress::client {

struct output_choice {
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    std::optional<bool> progress = {};  // nullopt: on a terminal only
};

// Files in PEM for a server that is reached by TLS; all of them or none.
struct tls_files {
    std::string ca = {};  // of the authority that issued the server's certificate
    std::string certificate = {};
    std::string key = {};

    bool given() const { return !ca.empty() || !certificate.empty() || !key.empty(); }
    bool complete() const { return !ca.empty() && !certificate.empty() && !key.empty(); }
};

struct server_choice {
    std::string
        address;  // --server; empty: PEERPRESS_SERVER, then the default sockets, then in process
    tls_files tls = {};            // --tls-ca and so on; none: PEERPRESS_TLS_CA and so on
    bool files_are_there = false;  // --on-server
    bool in_process = false;       // --no-server, --threads
};

using jobs::fallback;

// compress, decompress, test, copy. spec.via.fallback is --fallback, whatever the operation.
struct job_request {
    jobs::job_spec spec;        // a source or destination "-" is standard input or output
    bool level_given = false;   // without it a server's own default counts
    std::uint32_t threads = 0;  // 0: as many as there are cores to use
    std::string files_from;     // empty: none
    bool nul_separated = false;
    bool dry_run = false;
    bool detach = false;
    bool stdout_forced = false;  // -f: compressed data go to a terminal, too
    server_choice server;
    output_choice output;
};

// The measuring form of copy: bytes between two ends, as often as asked, and what it took. Nothing
// is left of a target that is a file.
struct measure_request {
    std::string source;
    std::string target;  // a block device, a file that does not exist yet, or a directory
    jobs::path_wish via;
    bool force_device = false;
    bool follow_symlinks = false;
    bool verify = false;
    std::uint32_t chunk_bytes = 0;  // 0: the default, as in job_spec
    std::uint32_t depth = 0;
    std::uint64_t offset_bytes = 0;            // on both sides
    std::optional<std::uint64_t> chunks = {};  // nullopt, and no duration: to the source's end
    std::optional<double> duration_seconds = {};
    bool overlap = false;  // every chunk at the same offset
    bool skip_read = false;
    bool skip_write = false;
    bool compare = false;  // --legacy-compare: from peer to peer, then through host memory
    bool latencies = false;
    output_choice output;
};

struct list_request {
    std::vector<std::string> files;
    output_choice output;
};

struct cat_request {
    std::string file;
    std::optional<pipeline::decompress_options::byte_range> range;
    std::uint64_t output_bytes_max = ~std::uint64_t{0};
    std::uint32_t threads = 0;
    output_choice output;
};

struct jobs_request {
    std::vector<jobs::job_state> states;
    std::uint32_t limit = 50;
    std::string page_token;
    bool all = false;
    server_choice server;
    output_choice output;
};

struct watch_request {
    std::string job;
    server_choice server;
    output_choice output;
};

struct cancel_request {
    std::vector<std::string> jobs;
    server_choice server;
    output_choice output;
};

struct server_info_request {
    server_choice server;
    output_choice output;
};

// devices, topology and doctor look at the machine themselves; `root` is where its /sys and /proc
// lie.
enum class devices_action { list, drain, give_back };

struct devices_request {
    devices_action action = devices_action::list;
    std::vector<std::string> devices;  // accelerators to drain or to return
    server_choice server;
    std::string root = "/";
    output_choice output;
};

struct topology_request {
    std::string source;  // empty, as `target` then is: all that there is
    std::string target;
    std::vector<std::string> providers;  // PCI addresses or serial numbers; empty: any
    std::uint64_t needed_bytes = 1;
    std::string root = "/";
    output_choice output;
};

struct doctor_request {
    std::string root = "/";
    output_choice output;
};

// bench: what this machine does.
struct bench_request {
    std::string file;       // empty: this machine's own files
    std::string directory;  // empty: the file's, or the current one
    std::uint64_t size_bytes = 256 << 20;
    std::vector<int> levels;
    std::uint32_t runs = 3;
    std::uint32_t threads = 0;  // 0: as many as there are cores to use
    bool peers = true;
    std::string plot;  // empty: none
    output_choice output;
};

// --help, --version, --generate: something to print, and done.
struct text_request {
    std::string text;
};

using request = std::variant<job_request, measure_request, list_request, cat_request, jobs_request,
                             watch_request, cancel_request, server_info_request, devices_request,
                             topology_request, doctor_request, bench_request, text_request>;

}  // namespace peerpress::client
