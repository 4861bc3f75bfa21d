#include "client/grammar/copy_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace peerpress::client {
namespace {

constexpr std::uint64_t seconds_max = 7 * 24 * 3600;

double seconds_value(const std::string& option, const std::string& given) {
    double seconds = 0;
    const char* const end = given.data() + given.size();
    const auto [rest, error] = std::from_chars(given.data(), end, seconds);
    if (error != std::errc{} || rest != end || !(seconds > 0) ||
        seconds > static_cast<double>(seconds_max))
        refuse_value(option, given, "must be seconds, more than 0 and at most a week");
    return seconds;
}

}  // namespace

copy_grammar::copy_grammar()
    : command_grammar(
          "copy", "Copy files and block devices, from peer to peer where it can be",
          "Each SOURCE is copied to DESTINATION; if that is a directory, or ends with /, or there "
          "are several sources, below it and under the same name. A copy appears under its name "
          "only when it is complete and on disk.\n"
          "\n"
          "Where devices and kernel allow it, the bytes go from SSD to SSD through the memory of a "
          "device on the PCIe bus (its CMB), and the host's memory sees none of them; otherwise "
          "they go through host memory. The last line says which way the bytes went; with -v each "
          "file's, and why not from peer to peer. peerpress topology SOURCE DESTINATION tells it "
          "beforehand.\n"
          "\n"
          "Block devices are for root (or for a server that was told which). As a DESTINATION they "
          "need --force-device, and are overwritten in place: an interrupted copy leaves them half "
          "done.\n"
          "\n"
          "With --chunks, --duration, --offset, --overlap, --skip-read, --skip-write, --latency or "
          "--legacy-compare one SOURCE and DESTINATION are measured instead: in this process, with "
          "nothing left of a DESTINATION that is a file.") {
    job_.spec.operation = jobs::operation::copy;
    operands(operands_given_, "SOURCE... DESTINATION", 2);
    add_file_options();
    add_path_options();
    add_measuring_options();
    add_work_options();
    add_output_options(job_.output);
    add_progress_options(job_.output);
}

void copy_grammar::add_file_options() {
    jobs::job_spec& spec = job_.spec;
    flag("-r,--recursive", spec.recursive, "Copy directories with all files below them");
    flag("--follow", spec.follow_symlinks,
         "Take a SOURCE that is a symbolic link for what it points to");
    flag("-f,--force", spec.overwrite, "Replace files that exist, and follow symbolic links");
    flag("--force-device", spec.force_device,
         "Overwrite a DESTINATION that is a block device: what it holds is lost");
    flag("--verify", verify_,
         "Read both sides again and compare their checksums before a copy appears");
    flag("--rm", spec.remove_sources, "Remove each source after its copy was verified");
}

void copy_grammar::add_path_options() {
    jobs::job_spec& spec = job_.spec;
    value(
        "--via", "auto|host|DEVICE[,...]",
        [this](const std::string& given) { via_ = split_at_commas(given); },
        "Stage in the memory of the nearest device (auto, the default), in host memory, or only "
        "in the named devices', by PCI address or serial number");
    value(
        "--fallback", "allow|forbid",
        [&spec](const std::string& given) {
            if (given != "allow" && given != "forbid")
                refuse_value("--fallback", given, "must be one of allow, forbid");
            spec.via.fallback = given == "forbid" ? jobs::fallback::forbid : jobs::fallback::allow;
        },
        "With forbid, fail before a byte goes another way than from peer to peer");
    value(
        "--chunk", "SIZE",
        [&spec](const std::string& given) {
            const std::uint64_t size = size_value("--chunk", given);
            if (size < jobs::copy_chunk_bytes_min || size > jobs::copy_chunk_bytes_max ||
                size % jobs::copy_chunk_bytes_min != 0)
                refuse_value("--chunk", given, "must be from 4K to 16M, in steps of 4K");
            spec.chunk_bytes = static_cast<std::uint32_t>(size);
        },
        "Move SIZE bytes at a time; 1M by default");
    value(
        "--depth", "N",
        [&spec](const std::string& given) {
            spec.depth =
                static_cast<std::uint32_t>(number_value("--depth", given, 1, jobs::copy_depth_max));
        },
        "Keep N chunks of a file under way at once; 8 by default");
}

void copy_grammar::add_measuring_options() {
    const auto measuring = [this](const char* option) { measuring_.emplace_back(option); };
    value(
        "--chunks", "N",
        [this, measuring](const std::string& given) {
            measuring("--chunks");
            measure_.chunks = number_value("--chunks", given, 1, std::uint64_t{1} << 40);
        },
        "Measure N chunks, from the start again where the source ends");
    value(
        "--duration", "SECONDS",
        [this, measuring](const std::string& given) {
            measuring("--duration");
            measure_.duration_seconds = seconds_value("--duration", given);
        },
        "Measure for so long, from the start again where the source ends");
    value(
        "--offset", "SIZE",
        [this, measuring](const std::string& given) {
            measuring("--offset");
            measure_.offset_bytes = size_value("--offset", given);
            if (measure_.offset_bytes % jobs::copy_chunk_bytes_min != 0)
                refuse_value("--offset", given, "must be a multiple of 4K");
        },
        "Begin at SIZE, in the source and in the target");
    const auto switched = [this, measuring](const char* name, bool& value, const char* help) {
        app().add_flag_callback(
            name,
            [measuring, name, &value] {
                measuring(name);
                value = true;
            },
            help);
    };
    switched("--overlap", measure_.overlap, "Move every chunk from and to the same place");
    switched("--skip-read", measure_.skip_read, "Write only: what the slots hold");
    switched("--skip-write", measure_.skip_write, "Read only: what is read is forgotten");
    switched("--latency", measure_.latencies, "Print the latencies of reads and writes");
    switched("--legacy-compare", measure_.compare,
             "Measure from peer to peer, then through host memory, and print both");
}

void copy_grammar::add_work_options() {
    jobs::job_spec& spec = job_.spec;
    flag("--dry-run", job_.dry_run, "Check the request and say what would be done; do nothing");
    add_server_options(job_.server);
    add_place_option(job_.server);
    flag("--no-server", never_server_, "Work in this process, whatever servers there are");
    flag("--detach", job_.detach, "Print the job's name and leave it to the server");
    value(
        "--priority", "N",
        [&spec](const std::string& given) { spec.priority = priority_value(given); },
        "Place in the server's queue: higher first, -1000 to 1000, 0 by default");
    add_label_option(spec.labels);
}

bool copy_grammar::measures() const {
    return !measuring_.empty();
}

request copy_grammar::finish() {
    jobs::job_spec& spec = job_.spec;
    for (const std::string& operand : operands_given_)
        if (operand == "-")
            refuse("copy takes files and block devices, not standard input or output");
    auto [wish, problem] = jobs::parse_via(via_);
    if (problem) refuse_value("--via", fmt::format("{}", fmt::join(via_, ",")), problem.message);
    wish.fallback = spec.via.fallback;
    spec.via = std::move(wish);
    if (spec.via.host_only && spec.via.fallback == jobs::fallback::forbid)
        refuse("--via host and --fallback forbid exclude each other");
    spec.follow_symlinks = spec.follow_symlinks || spec.overwrite;
    if (verify_) spec.verification = jobs::verification::full;
    job_.server.in_process = never_server_;
    if (measures()) return measurement();

    place_destination();
    check_job();
    return job_;
}

// As cp: into what must be a directory, else under the name given, unless that turns out to be one.
void copy_grammar::place_destination() {
    jobs::job_spec& spec = job_.spec;
    spec.sources.assign(operands_given_.begin(), operands_given_.end() - 1);
    const std::string& destination = operands_given_.back();
    const bool into = spec.sources.size() > 1 || spec.recursive || destination.ends_with("/");
    (into ? spec.destination_dir : spec.destination) = destination;
}

void copy_grammar::check_job() const {
    if (job_.server.in_process && !job_.server.address.empty())
        refuse("--server excludes --no-server");
    if (job_.server.in_process && job_.detach) refuse("--detach needs a server");
    check_place(job_.server, job_.spec);
}

request copy_grammar::measurement() {
    const jobs::job_spec& spec = job_.spec;
    const std::string& option = measuring_.front();
    if (operands_given_.size() != 2)
        refuse(fmt::format("{} measures one SOURCE and one DESTINATION", option));
    if (!job_.server.address.empty())
        refuse(fmt::format("{} measures in this process; it takes no --server", option));
    for (const auto& [given, name] :
         {std::pair{spec.recursive, "--recursive"}, std::pair{spec.remove_sources, "--rm"},
          std::pair{job_.detach, "--detach"}, std::pair{job_.dry_run, "--dry-run"},
          std::pair{spec.overwrite, "--force"}, std::pair{job_.output.verbose, "--verbose"},
          std::pair{job_.output.progress.value_or(false), "--progress"},
          std::pair{spec.priority != 0, "--priority"}, std::pair{!spec.labels.empty(), "--label"}})
        if (given) refuse(fmt::format("{} measures, and takes no {}", option, name));
    if (measure_.skip_read && measure_.skip_write)
        refuse("--skip-read and --skip-write together leave nothing to do");
    if (verify_ && (measure_.skip_read || measure_.skip_write || measure_.overlap ||
                    measure_.chunks || measure_.duration_seconds))
        refuse(
            "--verify takes all of SOURCE: no --skip-read, --skip-write, --overlap, --chunks or "
            "--duration");
    if (measure_.compare && spec.via.host_only)
        refuse("--legacy-compare and --via host exclude each other");
    if (measure_.overlap && !measure_.chunks && !measure_.duration_seconds)
        refuse("--overlap needs --chunks or --duration");
    measure_.source = operands_given_[0];
    measure_.target = operands_given_[1];
    measure_.via = spec.via;
    measure_.force_device = spec.force_device;
    measure_.follow_symlinks = spec.follow_symlinks;
    measure_.verify = verify_;
    measure_.chunk_bytes = spec.chunk_bytes;
    measure_.depth = spec.depth;
    measure_.output = job_.output;
    return measure_;
}

}  // namespace peerpress::client
