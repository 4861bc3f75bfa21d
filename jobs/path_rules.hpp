// Which name an output gets and where it lies: pure functions over names, which touch no file.
//
// Paths are bytes. A place below a root is given in two parts, so that whoever opens it can refuse
// every symbolic link beneath the root while the root itself is reached as its owner wrote it.
#pragma once

#include "jobs/job_spec.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peerpress::jobs {

struct place {
    std::string root;      // as the caller wrote it; "." for the working directory
    std::string relative;  // below it, without "." or ".."; empty: the root itself

    std::string path() const;
    bool operator==(const place&) const = default;
};

// The directory an output lies in, and its name there.
struct output_place {
    place directory;
    std::string name;
    // Missing directories of directory.relative are made. They take the permissions of the source's
    // directories: those of `mirrored_root` and what lies below it, from the component after the
    // first `unmirrored_components` on.
    bool make_directories = false;
    std::string mirrored_root = {};
    std::size_t unmirrored_components = 0;

    std::string path() const;
};

std::string join(std::string_view directory, std::string_view name);

// "a.gz" -> "a", "a.tgz" -> "a.tar"; nullopt where no suffix is known or nothing would remain.
// Letter case does not matter, but for ".Z", which is another program's.
std::optional<std::string> without_suffix(std::string_view name, std::string_view custom_suffix);

// A temporary of ours (".peerpress-*.partial"), which no walk takes for a source.
bool is_temporary_name(std::string_view name);

// Lexical: "//" and "." vanish, "a/.." too. nullopt where ".." climbs out of the start.
std::optional<std::string> normalised(std::string_view path);

// Why a job passes a file over by its name: source_has_suffix, source_lacks_suffix, or none.
problem suffix_objection(const job_spec& spec, const place& source);

// An output whose path was named.
output_place place_of_output(std::string_view path);

struct placement {
    problem error = {};  // reason::none where `output` is good
    output_place output = {};
};

// Where the output of `source` goes. `source.relative` is empty for a source that was named itself.
placement place_output(const job_spec& spec, const place& source);

}  // namespace peerpress::jobs
