// An output under way: a file without a name (or, where the file system knows no such thing, with a
// hidden one) in its destination's directory, mode 0600, that gets its own name when it is
// complete.
//
//     create_output() -> [data are written by others] -> publish() -> the destination is complete
//                  \-> destroyed: nothing is left
//
// Blocking calls: made by the opener's threads.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/directory.hpp"
#include "jobs/job_spec.hpp"
#include "jobs/output_registry.hpp"
#include "jobs/source.hpp"
#include "jobs/steps.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace peerpress::jobs {

struct output_options {
    bool overwrite = false;
    bool unnamed_allowed = true;  // O_TMPFILE; naming such a file takes /proc
    // A destination that is younger than the job is one of its own outputs: never overwritten.
    std::int64_t job_started_ns = 0;
    // Of hidden names: ".peerpress-TAG-RUN-N.partial". The tag is the job's, the run differs after
    // each start, so that a job that starts again knows what it left.
    std::string tag;
    std::string run;
    std::shared_ptr<output_registry> outputs;  // nullptr: nobody else writes
};

class pending_output {
public:
    pending_output(std::shared_ptr<jobs::directory> directory, std::string name,
                   const output_options& options, output_claim claim);
    pending_output(const pending_output&) = delete;
    pending_output& operator=(const pending_output&) = delete;
    ~pending_output();

    // Gives the file its name. `fd` is the one from create_output().
    problem publish(int fd, const step_hook& on_step);

    const std::shared_ptr<jobs::directory>& directory() const { return directory_; }
    const std::string& name() const { return name_; }
    std::string path() const;
    bool has_temporary() const { return !temporary_.empty(); }

private:
    friend struct created_output create_output(std::shared_ptr<jobs::directory> directory,
                                               std::string name, const source_snapshot& source,
                                               const output_options& options);

    io::unique_fd create(error_code& error);
    int publish_unnamed(int fd, const step_hook& on_step);
    int publish_named();
    int link_unnamed(int fd, const std::string& name);
    int replace_destination();
    void remove_temporary();

    std::shared_ptr<jobs::directory> directory_;
    std::string name_;
    output_options options_;
    output_claim claim_;
    std::string temporary_;  // its hidden name, while it has one
};

struct created_output {
    problem error = {};
    io::unique_fd fd = {};
    std::unique_ptr<pending_output> pending = {};
};

// Refuses a destination that exists, is the source, or is something else than a file.
created_output create_output(std::shared_ptr<directory> directory, std::string name,
                             const source_snapshot& source, const output_options& options);

// Removes the hidden temporaries that earlier runs of the job `tag` left in a directory.
void remove_leftovers(directory& in, const std::string& tag, const std::string& run);

// What may stand in a hidden name: letters, digits and '-'.
std::string temporary_tag(std::string_view job_name);

}  // namespace peerpress::jobs
