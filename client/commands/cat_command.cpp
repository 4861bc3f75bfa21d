// cat.
#include "client/commands/commands.hpp"
#include "client/in_process/in_process.hpp"
#include "client/report/make_reporter.hpp"
#include "client/standard_output.hpp"

namespace peerpress::client {

int run(const cat_request& request, interruption& interrupted) {
    output_choice choice = request.output;
    choice.progress = false;  // data may go to the same terminal
    const auto reporter =
        make_reporter(choice, "peerpress cat", jobs::operation::decompress, interrupted);
    stream_request stream;
    stream.operation = jobs::operation::decompress;
    stream.source = request.file;
    stream.destination = "-";
    stream.follow_symlinks = true;
    stream.decompress.range = request.range;
    stream.decompress.output_bytes_max = request.output_bytes_max;
    try {
        in_process backend({.threads = request.threads});
        const jobs::file_result result = backend.stream(stream, *reporter, interrupted);
        if (result.error && standard_output_is_broken()) throw broken_pipe();
        reporter->on_file(result);
        if (result.error) return jobs::exit_code(result.error.reason);
        return result.warnings.empty() ? 0 : 2;
    } catch (const system_error& error) {
        reporter->on_error({jobs::reason::io_error, error.what()}, 1);
        return 1;
    }
}

}  // namespace peerpress::client
