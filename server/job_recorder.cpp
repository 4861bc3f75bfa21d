#include "server/job_recorder.hpp"

#include "server/convert.hpp"

namespace peerpress::server {

namespace {

finished_file to_stored(const jobs::file_result& result) {
    return {.source = result.source,
            .failed = static_cast<bool>(result.error),
            .warned = jobs::is_warned(result),
            .bytes_in = static_cast<std::int64_t>(result.bytes_in),
            .bytes_out = static_cast<std::int64_t>(result.bytes_out),
            .result = to_proto(result).SerializeAsString()};
}

file_news count(const std::vector<jobs::file_result>& files) {
    file_news news;
    for (const auto& file : files) {
        ++(file.error ? news.failed : file.skipped ? news.skipped : news.done);
        if (file.error) continue;
        for (const auto& part : file.paths) jobs::add_path_bytes(news.paths, part);
    }
    return news;
}

}  // namespace

awaitable<> job_recorder::on_prepared(const std::vector<jobs::prepared_file>& files) {
    co_await store_.add_prepared(row_, files);
}

awaitable<> job_recorder::on_finished(const std::vector<jobs::file_result>& files) {
    std::vector<finished_file> stored;
    stored.reserve(files.size());
    for (const auto& file : files) stored.push_back(to_stored(file));

    file_news news = count(files);
    for (const auto& part : news.paths) jobs::add_path_bytes(paths_, part);
    std::string paths = to_stored_paths(paths_);
    news.sequence = co_await store_.add_finished(row_, std::move(stored), std::move(paths));
    announce(std::move(news));
}

void job_recorder::announce(file_news news) {
    asio::post(manager_, [listener = listener_, news = std::move(news)] { listener(news); });
}

jobs::job_history to_history(const stored_history& stored) {
    auto finished = std::make_shared<std::unordered_set<std::string>>(stored.finished.begin(),
                                                                      stored.finished.end());
    auto prepared = std::make_shared<std::unordered_map<std::string, jobs::prepared_file>>();
    for (const auto& file : stored.prepared) prepared->emplace(file.source, file);

    jobs::job_history history;
    history.unfinished = stored.prepared;
    history.files_done = static_cast<std::uint64_t>(stored.counters.files_done);
    history.files_failed = static_cast<std::uint64_t>(stored.counters.files_failed);
    history.finished = [finished](const std::string& source) { return finished->contains(source); };
    history.prepared = [prepared](const std::string& source) -> std::optional<jobs::prepared_file> {
        const auto found = prepared->find(source);
        if (found == prepared->end()) return std::nullopt;
        return found->second;
    };
    return history;
}

}  // namespace peerpress::server
