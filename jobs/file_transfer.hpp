// One file's data: from its opened source through the pipeline into its output, and verified. What
// goes wrong is in the result; what was written is then given up.
#pragma once

#include "jobs/job_run.hpp"
#include "jobs/opener.hpp"

#include <memory>

namespace peerpress::jobs {

class blocking_calls;
class path_session;

// A file on its way: found, named, not yet opened.
struct file_plan {
    place source;
    std::optional<output_place> output;  // nullopt where nothing is written
    std::uint64_t size_bytes = 0;
    std::optional<prepared_file> prepared;  // by an earlier run of the job
};

// What holds a file open from its transfer until its output has its name.
struct working_file {
    place source;
    source_snapshot snapshot;
    int source_fd = -1;  // owned by the storages
    int output_fd = -1;
    std::unique_ptr<io::storage> source_data;
    std::unique_ptr<io::storage> output_data;
    std::unique_ptr<output_ticket> ticket;
    bool small_output = false;  // written through the page cache on purpose
    bool already_published = false;
    bool remove_source = false;
    std::uint64_t device = 0;  // of the output, once it is sealed
    std::uint64_t inode = 0;
};

struct finished_file {
    file_result result;
    std::unique_ptr<working_file> work;  // null where there is nothing to commit
};

// What the files of a job share. Outlives them all.
struct transfer_setting {
    const job_spec& spec;
    const job_context& context;
    io::flow_id flow;
    pipeline::level_governor* governor = nullptr;  // nullptr: the spec's level
    path_session* paths = nullptr;                 // nullptr: nothing goes from peer to peer
    blocking_calls* calls = nullptr;               // a thread for system calls about a file
};

awaitable<finished_file> transfer_file(const transfer_setting& setting, file_plan plan,
                                       opened_file opened);

}  // namespace peerpress::jobs
