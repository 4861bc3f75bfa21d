// What a job asks of the file system by name: walking, opening, naming, removing. It takes paths
// and options and gives back descriptors and plain values, so that it can be a process of its own
// that acts as the calling user; the data go through the lane.
//
// One opener serves one job. Its methods are called on the lane's executor and end there; what may
// block happens elsewhere. Work is handed over in batches, since a change of threads costs more
// than an open does. Nothing here throws for what a file can do wrong: each answer carries its
// problem.
#pragma once

#include "io/asio.hpp"
#include "io/unique_fd.hpp"
#include "jobs/access.hpp"
#include "jobs/acting.hpp"
#include "jobs/device_rules.hpp"
#include "jobs/job_spec.hpp"
#include "jobs/output_registry.hpp"
#include "jobs/path_rules.hpp"
#include "jobs/source.hpp"
#include "jobs/steps.hpp"
#include "jobs/tree.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::jobs {

struct opener_options {
    bool follow_symlinks = false;
    bool overwrite = false;
    bool carry_metadata = true;
    bool durable = true;
    std::string tag = "job";      // in hidden names: temporary_tag() of the job's name
    bool resumed = false;         // an earlier run of the job may have left temporaries
    bool unnamed_outputs = true;  // O_TMPFILE where the file system has it
    std::shared_ptr<output_registry> outputs;
    device_rules devices;
    // For whom, and what is not for them; empty: with the process's own rights, everywhere.
    rights_source act_for;
    std::vector<std::string> out_of_bounds;
    access_hook on_access;
    step_hook on_step;
};

// What stands under a source's name.
struct source_look {
    problem error = {};
    bool is_directory = false;
    std::uint64_t size_bytes = 0;
};

// A walk under way; the opener knows what is in it.
class tree_cursor {
public:
    virtual ~tree_cursor() = default;
};

// An output that has not got its name yet. Destroyed before that, it leaves nothing behind.
class output_ticket {
public:
    virtual ~output_ticket() = default;
};

// A finished output as an earlier run recorded it before giving it its name.
struct expected_output {
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;
};

struct open_request {
    place source;
    std::optional<output_place> output;  // nullopt: read only
    std::optional<expected_output> expected;
    // Only to see what both ends are: the output is a nameless file in the nearest directory that
    // is there, or that directory where it takes no such file. Nothing is made, claimed or checked.
    bool rehearsal = false;
};

struct opened_file {
    problem error = {};
    io::unique_fd source = {};
    source_snapshot snapshot = {};
    io::unique_fd output = {};
    std::unique_ptr<output_ticket> ticket = {};
    // The destination is the expected one: only its directory is still to be made durable. There is
    // no descriptor; the source may be gone (snapshot.inode is 0).
    bool already_published = false;
    bool source_as_before = false;  // then: the source is there and has the output's time
    // A block device: written in place, it has no ticket's protection and keeps its own metadata.
    bool source_is_device = false;
    bool output_is_device = false;
    std::string output_serial = {};  // of a device
    std::uint64_t output_bytes = 0;  // a device's size
};

// The data are written. Checks that the source is what it was, carries metadata over.
struct seal_request {
    place source;
    std::string destination;
    output_ticket* ticket = nullptr;  // the output's; borrowed, as these are
    int source_fd = -1;
    int output_fd = -1;
    source_snapshot snapshot;
    bool start_writeback = false;  // of a buffered output, so that many are written at once
};
struct sealed_file {
    problem error = {};
    std::vector<problem> warnings = {};
    std::uint64_t device = 0;  // of the output
    std::uint64_t inode = 0;
};

struct publish_request {
    output_ticket* ticket = nullptr;
    int output_fd = -1;       // -1: already_published
    bool drop_cache = false;  // a buffered output, durable by now
};

struct remove_request {
    place source;
    source_snapshot snapshot;
};

class opener {
public:
    virtual ~opener() = default;

    virtual awaitable<std::vector<source_look>> look(std::vector<std::string> paths) = 0;

    virtual std::unique_ptr<tree_cursor> walk(std::string root) = 0;
    // Error entries only, for a root that cannot be opened.
    virtual awaitable<tree_page> next(tree_cursor& cursor) = 0;

    virtual awaitable<std::vector<opened_file>> open(std::vector<open_request> requests) = 0;
    virtual awaitable<std::vector<sealed_file>> seal(std::vector<seal_request> requests) = 0;
    // Names each output, then makes each of their directories durable once. An answer without
    // problem means both.
    virtual awaitable<std::vector<problem>> publish(std::vector<publish_request> requests) = 0;
    // Removes sources that are still what they were.
    virtual awaitable<std::vector<problem>> remove(std::vector<remove_request> requests) = 0;
    // Removes what an earlier run of a resumed job left where these outputs were to lie.
    virtual awaitable<> tidy(std::vector<output_place> places) = 0;
};

}  // namespace peerpress::jobs
