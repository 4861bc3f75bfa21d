#include "jobs/describe.hpp"

#include "jobs/problem_error.hpp"

#include <cerrno>
#include <cstring>
#include <new>

namespace peerpress::jobs {
namespace {

std::string error_text(int number) {
    return boost::system::system_category().message(number);
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// What openat2 says of a way out, and a gate of what nobody may have.
std::string outside(const std::string& path) {
    return path + " lies outside the directories that this server serves";
}

std::string what_is_left(const error_context& context) {
    return context.in_place ? context.destination + " holds a mixture of old and new"
                            : "no output was left";
}

problem describe_format(pipeline::format_errc errc, const std::string& what,
                        const error_context& context) {
    using pipeline::format_errc;
    switch (errc) {
        case format_errc::not_compressed:
            return {reason::unknown_format, context.source + ": not in gzip or zlib format"};
        case format_errc::bad_header:
        case format_errc::unsupported_method:
        case format_errc::bad_data:
        case format_errc::wrong_size:
        case format_errc::truncated:
            return {reason::corrupt_input, context.source + ": " + what};
        case format_errc::wrong_checksum:
            return {reason::checksum_mismatch, context.source + ": " + what};
        case format_errc::mismatch:
            return {reason::checksum_mismatch,
                    context.destination + ": verification found data that differ from " +
                        context.source + "; " +
                        (context.in_place ? "they stay on the device" : "no output was left") +
                        " (" + what + ")"};
        case format_errc::output_limit:
            return {reason::output_limit,
                    context.source +
                        ": holds more data than the limit on output allows; raise it "
                        "if the file is to be trusted (" +
                        what + ")"};
        case format_errc::range_unsupported:
            return {reason::range_unsupported,
                    context.source +
                        ": its members carry no sizes, so that no part of it can be "
                        "found without decoding all of it"};
        case format_errc::source_changed:
            return {reason::source_changed,
                    context.source + " changed while it was read; " + what_is_left(context)};
    }
    return {reason::internal, context.source + ": " + what};
}

problem describe_reading(int number, const std::string& path) {
    return {reason::io_error,
            path + ": cannot be read: " + error_text(number) + " (the kernel's log may say more)"};
}

bool is_about_outputs(int number) {
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EROFS:
        case EFBIG:
            return true;
        default:
            return false;
    }
}

problem describe_errno(int number, const error_context& context) {
    if (number == ECANCELED) return {reason::cancelled, context.source + ": cancelled"};
    if (number == ENOMEM) return {reason::internal, context.source + ": out of memory"};
    const bool output = context.side == step_side::output ||
                        (context.side == step_side::unknown && is_about_outputs(number));
    if (output && !context.destination.empty()) return describe_output(number, context.destination);
    if (context.side == step_side::source) return describe_reading(number, context.source);
    return {reason::io_error, context.source + ": " + error_text(number)};
}

}  // namespace

problem describe_open_source(int error_number, const std::string& path) {
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:
            return {reason::source_not_found, path + ": " + error_text(error_number)};
        case EACCES:
        case EPERM:
            return {reason::source_unreadable,
                    path + ": may not be read: " + error_text(error_number)};
        case ELOOP:
            return {reason::source_is_symlink,
                    path + " is reached by a symbolic link that is not to be followed"};
        case EXDEV:
            return {reason::permission_denied, outside(path)};
        case EMFILE:
        case ENFILE:
            return {reason::io_error,
                    path + ": " + error_text(error_number) + " (raise the limit on open files)"};
        default:
            return {reason::source_unreadable, path + ": " + error_text(error_number)};
    }
}

problem describe_output(int error_number, const std::string& path) {
    const std::string text = error_text(error_number);
    const std::string directory = directory_of(path);
    switch (error_number) {
        case EEXIST:
            return {reason::output_exists,
                    path + " exists already (overwriting was not asked for)"};
        case ENOSPC:
            return {reason::no_space, path + ": the file system of " + directory +
                                          " is full; free some space or name another destination"};
        case EDQUOT:
            return {reason::quota, path + ": the disk quota on the file system of " + directory +
                                       " is used up; free some space or name another destination"};
        case EROFS:
            return {reason::read_only, path + ": the file system of " + directory +
                                           " is read-only; name another destination"};
        case EFBIG:
            return {reason::file_too_large, path + ": larger than the file system of " + directory +
                                                " or the limit on file sizes (ulimit -f) allows"};
        case EACCES:
        case EPERM:
            return {reason::output_unwritable, path + ": " + directory +
                                                   " may not be written to: " + text +
                                                   "; name another destination"};
        case ENOENT:
            return {reason::output_unwritable,
                    path + ": the directory " + directory + " does not exist; make it first"};
        case ENOTDIR:
            return {reason::output_unwritable, path + ": " + directory + " is not a directory"};
        case ELOOP:
            return {reason::output_unwritable,
                    path + ": reached by a symbolic link that is not to be followed"};
        case EISDIR:
            return {reason::output_unwritable,
                    path + " is a directory; name it as the destination directory"};
        case EXDEV:
            return {reason::permission_denied, outside(path)};
        case ENAMETOOLONG:
            return {reason::output_unwritable, path + ": the name is too long"};
        case EMFILE:
        case ENFILE:
            return {reason::io_error, path + ": " + text + " (raise the limit on open files)"};
        default:
            return {reason::io_error,
                    path + ": cannot be written: " + text + " (the kernel's log may say more)"};
    }
}

problem describe(error_code error, const error_context& context) {
    if (error == asio::error::operation_aborted)
        return {reason::cancelled, context.source + ": cancelled"};
    if (error.category() == pipeline::format_category())
        return describe_format(static_cast<pipeline::format_errc>(error.value()), error.message(),
                               context);
    if (error == accel::codec_errc::bad_data)
        return {reason::corrupt_input, context.source + ": " + error.message()};
    if (error.category() == boost::system::system_category() ||
        error.category() == boost::system::generic_category())
        return describe_errno(error.value(), context);
    return {reason::internal, context.source + ": " + error.message()};
}

problem describe(const std::exception_ptr& error, const error_context& context) {
    try {
        std::rethrow_exception(error);
    } catch (const problem_error& failed) {
        return {failed.problem().reason, context.source + ": " + failed.problem().message};
    } catch (const pipeline::format_error& failed) {
        return describe_format(static_cast<pipeline::format_errc>(failed.code().value()),
                               failed.what(), context);
    } catch (const system_error& failed) {
        return describe(failed.code(), context);
    } catch (const std::bad_alloc&) {
        return {reason::internal, context.source + ": out of memory"};
    } catch (const std::exception& failed) {
        return {reason::internal, context.source + ": " + failed.what()};
    }
}

}  // namespace peerpress::jobs
