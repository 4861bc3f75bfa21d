#include "jobs/source_scan.hpp"

#include "jobs/opener.hpp"

#include <algorithm>
#include <ctime>
#include <set>
#include <utility>

namespace peerpress::jobs {
namespace {

constexpr std::size_t looks_max = 64;  // names per call of the opener

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace

awaitable<> file_queue::push(file_plan plan) {
    while (plans_.size() >= plans_max && !stopped_) co_await changed_.wait();
    if (stopped_) co_return;
    plans_.push_back(std::move(plan));
    changed_.notify_all();
}

void file_queue::end() {
    ended_ = true;
    changed_.notify_all();
}

void file_queue::stop() {
    stopped_ = true;
    plans_.clear();
    changed_.notify_all();
}

file_plan file_queue::pop() {
    file_plan plan = std::move(plans_.front());
    plans_.pop_front();
    if (plans_.size() == plans_max - 1) changed_.notify_all();
    return plan;
}

source_scan::source_scan(const job_spec& spec, const job_context& context, opener& opener,
                         committer& results, file_queue& queue)
    : spec_(spec),
      context_(context),
      opener_(opener),
      results_(results),
      queue_(queue),
      started_ns_(now_ns()) {}

awaitable<> source_scan::run() {
    co_await take_removed();
    for (std::size_t begin = 0; begin < spec_.sources.size(); begin += looks_max) {
        const std::size_t end = std::min(begin + looks_max, spec_.sources.size());
        std::vector<std::string> paths(spec_.sources.begin() + static_cast<std::ptrdiff_t>(begin),
                                       spec_.sources.begin() + static_cast<std::ptrdiff_t>(end));
        const std::vector<source_look> looks = co_await opener_.look(paths);
        for (std::size_t index = 0; index < paths.size(); ++index) {
            if (context_.stop.stop_requested()) co_return;
            co_await scan_named(paths[index], looks[index]);
        }
    }
}

awaitable<> source_scan::scan_named(std::string path, source_look look) {
    if (look.is_directory && spec_.recursive) {
        co_await scan_tree(std::move(path));
        co_return;
    }
    if (finished_before(path)) co_return;
    if (look.error.reason == reason::source_not_found)
        if (std::optional<prepared_file> file = context_.history.prepared(path)) {
            co_await take_prepared(std::move(*file));
            co_return;
        }
    if (look.is_directory)
        look.error = {reason::source_is_directory,
                      path + " is a directory (-r takes the files below it)"};
    if (look.error) {
        if (context_.resumed) co_await tidy_output_of(path);
        co_await report_failure(std::move(path), std::move(look.error));
        co_return;
    }
    place source{std::move(path), ""};
    if (problem objection = suffix_objection(spec_, source)) {
        co_await pass_over_aloud(source, std::move(objection));
        co_return;
    }
    co_await take_file(std::move(source), look.size_bytes);
}

// An earlier run may have seen the source, and left something.
awaitable<> source_scan::tidy_output_of(std::string path) {
    if (spec_.operation == operation::test) co_return;
    placement placed = place_output(spec_, {std::move(path), ""});
    if (placed.error) co_return;
    std::vector<output_place> places{std::move(placed.output)};
    co_await opener_.tidy(std::move(places));
}

awaitable<> source_scan::scan_tree(std::string root) {
    if (!spec_.destination_dir.empty()) {
        const placement top = place_output(spec_, {root, "x"});
        problem objection = top.error;
        if (!objection) objection = claim_output(root, top.output.directory.path());
        if (objection) {
            co_await report_failure(std::move(root), std::move(objection));
            co_return;
        }
    }
    const std::unique_ptr<tree_cursor> cursor = opener_.walk(root);
    for (bool ended = false; !ended && !context_.stop.stop_requested();) {
        tree_page page = co_await opener_.next(*cursor);
        for (tree_entry& entry : page.entries) co_await take_entry(root, std::move(entry));
        ended = page.ended;
    }
}

awaitable<> source_scan::take_entry(const std::string& root, tree_entry entry) {
    place source{root, std::move(entry.relative)};
    if (finished_before(source.path())) co_return;
    if (entry.kind == entry_kind::problem) {
        co_await report_failure(source.path(), std::move(entry.error));
        co_return;
    }
    if (entry.kind == entry_kind::other) {
        co_await pass_over(source);
        co_return;
    }
    const problem objection = suffix_objection(spec_, source);
    // A tree is full of files that are not compressed; compressed ones are worth a word, but not
    // those that this job has just made.
    if (objection.reason == reason::source_lacks_suffix) co_return;
    if (objection && (entry.changed_ns >= started_ns_ || made_before(source.path()))) co_return;
    if (objection) {
        co_await pass_over(source);
        co_return;
    }
    co_await take_file(std::move(source), entry.size_bytes);
}

awaitable<> source_scan::take_file(place source, std::uint64_t size_bytes) {
    file_plan plan{
        .source = std::move(source), .output = {}, .size_bytes = size_bytes, .prepared = {}};
    const std::string path = plan.source.path();
    problem objection;
    if (spec_.operation != operation::test) {
        placement placed = place_output(spec_, plan.source);
        objection = std::move(placed.error);
        plan.output = std::move(placed.output);
        if (!objection && plan.source.relative.empty())
            objection = claim_output(path, plan.output->path());
        plan.prepared = context_.history.prepared(path);
    }
    if (objection) {
        co_await report_failure(path, std::move(objection));
        co_return;
    }
    co_await queue_file(std::move(plan));
}

awaitable<> source_scan::queue_file(file_plan plan) {
    context_.progress.files_total.fetch_add(1, std::memory_order_relaxed);
    context_.progress.bytes_total.fetch_add(plan.size_bytes, std::memory_order_relaxed);
    co_await queue_.push(std::move(plan));
}

// Killed between the removal of a source and the news of it: no walk finds the source again.
awaitable<> source_scan::take_removed() {
    if (!spec_.remove_sources || context_.history.unfinished.empty()) co_return;
    const std::set<std::string> named(spec_.sources.begin(), spec_.sources.end());
    for (const prepared_file& file : context_.history.unfinished) {
        if (named.contains(file.source)) continue;  // looked at below
        std::vector<std::string> path{file.source};
        const std::vector<source_look> look = co_await opener_.look(std::move(path));
        if (look.front().error.reason == reason::source_not_found) co_await take_prepared(file);
    }
}

// Its output is expected to be there; whoever opens it finds out.
awaitable<> source_scan::take_prepared(prepared_file file) {
    file_plan plan{.source = {file.source, ""},
                   .output = place_of_output(file.destination),
                   .size_bytes = file.bytes_in,
                   .prepared = std::move(file)};
    co_await queue_file(std::move(plan));
}

awaitable<> source_scan::pass_over(const place& source) {
    return pass_over_aloud(source, problem{});
}

awaitable<> source_scan::pass_over_aloud(const place& source, problem warning) {
    file_result result;
    result.source = source.path();
    result.skipped = true;
    if (warning) result.warnings.push_back(std::move(warning));
    return report(std::move(result));
}

awaitable<> source_scan::report_failure(std::string path, problem error) {
    file_result result;
    result.source = std::move(path);
    result.error = std::move(error);
    return report(std::move(result));
}

awaitable<> source_scan::report(file_result result) {
    context_.progress.files_total.fetch_add(1, std::memory_order_relaxed);
    results_.expect();
    finished_file file{.result = std::move(result), .work = nullptr};
    co_await results_.add(std::move(file));
}

bool source_scan::finished_before(const std::string& path) {
    return context_.history.finished(path);
}

// Is it an output of an earlier run?
bool source_scan::made_before(const std::string& path) {
    const std::optional<std::string> source = without_suffix(path, spec_.suffix);
    return source && (finished_before(*source) || context_.history.prepared(*source));
}

problem source_scan::claim_output(const std::string& source, const std::string& output) {
    const std::string key = normalised(output).value_or(output);
    const auto [at, is_new] = outputs_.try_emplace(key, source);
    if (is_new) return {};
    return {reason::output_busy,
            source + ": its output " + output + " is also that of " + at->second};
}

}  // namespace peerpress::jobs
