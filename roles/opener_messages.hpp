// What a remote opener and its session say to each other.
//
//     hello ->                               for whom, with what options; once, first
//                       <- answer
//     look, next, open, seal, publish, remove, tidy ->
//           <- step, access                  what happened meanwhile, each before the answer
//                       <- answer | failed   of the same call
//     release ->                             a ticket or walk that is not needed any more
//
// Calls may overlap. Tickets and walks have numbers: tickets the session's, walks the caller's.
#pragma once

#include "jobs/opener.hpp"
#include "roles/wire.hpp"

namespace peerpress::roles {

enum class message_kind : std::uint16_t {
    hello,
    look,
    next,
    open,
    seal,
    publish,
    remove,
    tidy,
    release_ticket,
    release_walk,
    answer,
    failed,
    step,
    access,
};
inline constexpr auto message_kind_last = message_kind::access;

// Both ends are of one build; another one may mean something else by the same bytes.
inline constexpr std::uint64_t protocol_version = 1;

// Files opened by one message, with two descriptors each.
inline constexpr std::size_t open_files_max = 16;

struct hello {
    std::uint64_t version = protocol_version;
    std::string release = {};
    bool follow_symlinks = false;
    bool overwrite = false;
    bool carry_metadata = true;
    bool durable = true;
    std::string tag = {};
    bool resumed = false;
    bool unnamed_outputs = true;
    jobs::device_rules devices = {};
    std::optional<jobs::user> user = {};  // nullopt: as the opener's own process, for tests
    // Opened by the opener: descriptors of another's would bring that one's view of the mounts
    // along.
    std::optional<std::vector<std::string>> roots = {};
    std::vector<std::string> out_of_bounds = {};
    bool tell_steps = false;
    bool tell_accesses = false;
};

struct next_request {
    std::uint64_t walk = 0;
    std::string root = {};
};

// A jobs::opened_file with its ticket's number instead of the ticket; 0: none.
struct sent_file {
    jobs::opened_file file = {};
    std::uint64_t ticket = 0;
};

struct sent_seal {
    jobs::seal_request request = {};  // its descriptors are the session's
    std::uint64_t ticket = 0;
};

struct sent_publish {
    std::uint64_t ticket = 0;
    bool drop_cache = false;
};

struct step_news {
    jobs::step done{};
    std::string path = {};
};

template <>
inline constexpr auto last_of<jobs::reason> = jobs::reason::target_not_atomic;
template <>
inline constexpr auto last_of<jobs::entry_kind> = jobs::entry_kind::problem;
template <>
inline constexpr auto last_of<jobs::access_kind> = jobs::access_kind::remove;
template <>
inline constexpr auto last_of<jobs::step> = jobs::step::finished_told;

template <class T, class Wanted>
concept either = std::same_as<std::remove_const_t<T>, Wanted>;

template <class A, either<jobs::problem> T>
void fields(A& archive, T& value) {
    archive(value.reason, value.message);
}
template <class A, either<jobs::place> T>
void fields(A& archive, T& value) {
    archive(value.root, value.relative);
}
template <class A, either<jobs::output_place> T>
void fields(A& archive, T& value) {
    archive(value.directory, value.name, value.make_directories, value.mirrored_root,
            value.unmirrored_components);
}
template <class A, either<jobs::device_rules> T>
void fields(A& archive, T& value) {
    archive(value.taken, value.any, value.listed, value.force_target, value.refusal);
}
template <class A, either<jobs::user> T>
void fields(A& archive, T& value) {
    archive(value.uid, value.gid, value.groups);
}
template <class A, either<hello> T>
void fields(A& archive, T& value) {
    archive(value.version, value.release, value.follow_symlinks, value.overwrite,
            value.carry_metadata, value.durable, value.tag, value.resumed, value.unnamed_outputs,
            value.devices, value.user, value.roots, value.out_of_bounds, value.tell_steps,
            value.tell_accesses);
}
template <class A, either<jobs::source_look> T>
void fields(A& archive, T& value) {
    archive(value.error, value.is_directory, value.size_bytes);
}
template <class A, either<next_request> T>
void fields(A& archive, T& value) {
    archive(value.walk, value.root);
}
template <class A, either<jobs::tree_entry> T>
void fields(A& archive, T& value) {
    archive(value.kind, value.relative, value.size_bytes, value.changed_ns, value.error);
}
template <class A, either<jobs::tree_page> T>
void fields(A& archive, T& value) {
    archive(value.entries, value.ended);
}
template <class A, either<jobs::expected_output> T>
void fields(A& archive, T& value) {
    archive(value.inode, value.size_bytes);
}
template <class A, either<jobs::open_request> T>
void fields(A& archive, T& value) {
    archive(value.source, value.output, value.expected, value.rehearsal);
}
template <class A, either<jobs::source_snapshot> T>
void fields(A& archive, T& value) {
    archive(value.device, value.inode, value.size_bytes, value.modified_ns, value.changed_ns);
}
template <class A, either<sent_file> T>
void fields(A& archive, T& value) {
    auto& file = value.file;
    archive(file.error, file.source, file.snapshot, file.output, file.already_published,
            file.source_as_before, file.source_is_device, file.output_is_device, file.output_serial,
            file.output_bytes, value.ticket);
}
template <class A, either<sent_seal> T>
void fields(A& archive, T& value) {
    auto& request = value.request;
    archive(request.source, request.destination, request.snapshot, request.start_writeback,
            value.ticket);
}
template <class A, either<jobs::sealed_file> T>
void fields(A& archive, T& value) {
    archive(value.error, value.warnings, value.device, value.inode);
}
template <class A, either<sent_publish> T>
void fields(A& archive, T& value) {
    archive(value.ticket, value.drop_cache);
}
template <class A, either<jobs::remove_request> T>
void fields(A& archive, T& value) {
    archive(value.source, value.snapshot);
}
template <class A, either<step_news> T>
void fields(A& archive, T& value) {
    archive(value.done, value.path);
}
template <class A, either<jobs::access> T>
void fields(A& archive, T& value) {
    archive(value.kind, value.root, value.path, value.device, value.inode, value.error);
}

}  // namespace peerpress::roles
