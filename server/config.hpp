// What peerpressd is told at start: plain values with their defaults. config_keys.hpp names each of
// them and says what it may be; nothing here changes once the daemon runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerpress::server {

struct listen_config {
    std::string unix_path;           // of the socket that serves everything
    std::uint64_t unix_mode = 0600;  // who can connect
    std::string tcp;                 // loopback "address:port" for streams only; empty: none
    std::string tls;                 // "address:port" for everything, by mutual TLS; empty: none
    std::uint64_t streams_max = 64;  // calls at once on one connection
};

// What a TLS listener shows, and by what it knows its clients. Files, read again when they change.
struct tls_config {
    std::string certificate;  // PEM, with the chain up to a CA that clients trust
    std::string key;
    std::string client_ca;                    // who may issue clients' certificates
    std::string crl_directory;                // of revoked ones, hashed; empty: none is asked
    std::uint64_t reload_seconds = 10;        // how often files are looked at
    std::uint64_t connection_seconds = 3600;  // then a connection ends, and the next one is checked
};

struct staging_config {
    std::uint64_t slots = 24;  // 24 x 2.125 MiB = 51 MiB
    std::uint64_t chunk_bytes = 1 << 20;
};

struct codec_config {
    std::uint64_t threads = 0;  // 0: the cores the process may use
};

struct jobs_config {
    std::uint64_t running_max = 4;
    std::uint64_t queued_max = 10000;
    std::uint64_t keep_days = 30;     // ended jobs; 0: no limit of age
    std::uint64_t keep_max = 100000;  // ended jobs
    std::uint64_t level = 1;
    std::uint64_t output_bytes_max = 0;  // per file or stream; 0: no limit
    std::uint64_t drain_seconds = 30;    // then running jobs are stopped and queued again
};

struct transform_config {
    // Streams wait for their clients while they hold slots. A pool of their own keeps a stalled
    // client from stalling jobs, and one slot promised to each stream from stalling other streams.
    // The rest is for who comes first: more than one stream can use on a few cores.
    std::uint64_t running_max = 8;
    std::uint64_t slots = 16;
    std::uint64_t idle_seconds =
        60;  // a stream that neither sends nor takes anything for so long is ended
};

// Other processes that do a part of the work with fewer rights. Empty: this one does.
struct roles_config {
    std::string opener;  // peerpress-opend's socket
    std::uint64_t opener_wait_ms = 10'000;
};

struct p2p_config {
    bool enabled = true;
    // PCI addresses or NVMe serial numbers of devices whose memory may be used; empty: any.
    std::vector<std::string> providers;
    std::uint64_t budget_bytes = 64 << 20;  // of each device's memory
    std::vector<std::string> devices;       // raw block devices that copies may read and write
};

struct noload_config {
    bool enabled = true;
    std::uint64_t slots = 24;  // of each device's memory; 24 x 1 MiB
    std::uint64_t timeout_ms = 10'000;
    std::uint64_t sample_every = 1000;
};

// Whom a certificate stands for.
struct identity_config {
    std::string uri = {};                 // a URI among the subject's alternative names; or else
    std::string common_name = {};         // of certificates that have no URI
    std::string user = {};                // of this machine, whose rights its jobs have
    std::vector<std::string> roots = {};  // below which they stay; empty: security.roots

    // By which it is known in logs and in the job store.
    std::string name() const { return uri.empty() ? "CN=" + common_name : uri; }
};

// Who may do what, beside what the kernel lets each user do.
struct security_config {
    std::string administrators;      // a group; empty: root alone
    std::vector<std::string> roots;  // below which local users' jobs stay; empty: everywhere
    std::string audit = "refusals";  // of files; "all": what was granted as well
    std::vector<identity_config> identities;
};

// What one caller may have of what all share; root is not bounded. 0: no quota.
struct quotas_config {
    std::uint64_t running_max = 0;
    std::uint64_t queued_max = 0;
    std::uint64_t submits_per_second = 0;
    std::uint64_t watches_max = 0;
    std::uint64_t connections_max = 0;
    std::uint64_t output_bytes_per_day = 0;
};

struct metrics_config {
    std::string listen;  // "unix:/path" or loopback "address:port"; empty: none
};

struct state_config {
    std::string directory;
};

struct log_config {
    std::string level = "info";
};

struct config {
    listen_config listen;
    tls_config tls;
    staging_config staging;
    codec_config codec;
    jobs_config jobs;
    transform_config transform;
    roles_config roles;
    p2p_config p2p;
    noload_config noload;
    security_config security;
    quotas_config quotas;
    metrics_config metrics;
    state_config state;
    log_config log;
};

// Why a configuration cannot be used: one line per mistake, each with its place and the way out.
class config_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Looks up an environment variable; nullopt where it is not set. Injected so that tests need no
// real one.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
environment process_environment();

// The places of a system service for root, else those of the XDG base directories.
config default_config(bool system, const environment& env);
// The file that is read where none is named; it need not exist.
std::string default_config_path(bool system, const environment& env);

}  // namespace peerpress::server
