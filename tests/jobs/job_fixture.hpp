// Runs whole jobs on a lane with the software engine, and remembers what they told their observer.
#pragma once

#include "accel/software/software_engine.hpp"
#include "everyones_place.hpp"
#include "files.hpp"
#include "jobs/job_run.hpp"
#include "jobs/local_opener.hpp"
#include "jobs/tidy_job.hpp"
#include "pipeline/lane.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <future>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerpress::jobs {

class recording_observer final : public job_observer {
public:
    awaitable<> on_prepared(const std::vector<prepared_file>& files) override {
        if (fail_prepared) throw system_error{make_error_code(boost::system::errc::io_error)};
        groups.push_back(files.size());
        prepared.insert(prepared.end(), files.begin(), files.end());
        co_return;
    }
    awaitable<> on_finished(const std::vector<file_result>& files) override {
        results.insert(results.end(), files.begin(), files.end());
        co_return;
    }

    bool fail_prepared = false;
    std::vector<std::size_t> groups;
    std::vector<prepared_file> prepared;
    std::vector<file_result> results;
};

using opener_factory = std::function<std::unique_ptr<opener>(opener_options)>;

// How jobs open files in this program's tests: empty for in this process.
inline opener_factory& default_opener() {
    static opener_factory factory;
    return factory;
}
inline std::unique_ptr<opener> open_by_default(opener_options options) {
    return default_opener() ? default_opener()(std::move(options))
                            : make_local_opener(std::move(options));
}

inline pipeline::lane_options small_lane() {
    return {.ring = {}, .staging = {.slots = 8, .input_bytes = 256 << 10, .slack_bytes = 64 << 10}};
}

// A lane and the means to run jobs on files below `root`.
class job_harness {
public:
    static constexpr std::chrono::seconds limit{100};

    explicit job_harness(std::filesystem::path root) : root_(std::move(root)) {}

    static std::unique_ptr<accel::accelerator> make_engine(asio::any_io_executor executor) {
        return accel::software::make_engine(executor);
    }

    job_spec compressing(std::vector<std::string> names) const {
        job_spec spec;
        for (const std::string& name : names) spec.sources.push_back(path(name));
        spec.member_bytes = 64 << 10;
        return spec;
    }
    job_spec decompressing(std::vector<std::string> names) const {
        job_spec spec = compressing(std::move(names));
        spec.operation = operation::decompress;
        return spec;
    }
    std::string path(const std::string& name) const { return (root_ / name).string(); }

    job_context context() {
        job_context made{.lane = lane,
                         .observer = *observer,
                         .progress = *progress,
                         .stop = stop.get_token(),
                         .outputs = outputs};
        made.on_step = on_step;
        made.history = history;
        made.durable = durable;
        made.carry_metadata = carry_metadata;
        made.name = "jobs/test";
        made.resumed = resumed;
        made.make_opener = make_opener;
        if (make_context) make_context(made);
        return made;
    }

    std::future<job_outcome> start(job_spec spec) {
        observer = std::make_unique<recording_observer>();
        observer->fail_prepared = fail_prepared;
        progress = std::make_unique<job_progress>();
        return asio::co_spawn(lane.executor(), run_job(std::move(spec), context()),
                              asio::use_future);
    }
    static job_outcome finish(std::future<job_outcome> running) {
        if (running.wait_for(limit) != std::future_status::ready) {
            ADD_FAILURE() << "the job hangs";
            std::abort();  // its frames refer to the fixture
        }
        return running.get();
    }
    job_outcome run(job_spec spec) { return finish(start(std::move(spec))); }

    void tidy(job_spec spec) {
        observer = std::make_unique<recording_observer>();
        progress = std::make_unique<job_progress>();
        asio::co_spawn(lane.executor(), tidy_job(std::move(spec), context()), asio::use_future)
            .get();
    }

    const file_result& result_of(const std::string& name) const {
        for (const file_result& result : observer->results)
            if (result.source == path(name)) return result;
        throw std::runtime_error("no result of " + name);
    }
    reason only_reason() const {
        if (observer->results.size() != 1) throw std::runtime_error("not one result");
        return observer->results.front().error.reason;
    }

    std::unique_ptr<recording_observer> observer;
    std::unique_ptr<job_progress> progress;
    std::stop_source stop;
    std::shared_ptr<output_registry> outputs = make_output_registry();
    step_hook on_step;
    job_history history;
    bool durable = true;
    bool carry_metadata = true;
    bool resumed = false;
    bool fail_prepared = false;
    opener_factory make_opener = default_opener();
    std::function<void(job_context&)> make_context;  // has the last word
    pipeline::lane lane{make_engine, small_lane()};

private:
    std::filesystem::path root_;
};

struct test_directory {
    test::temp_dir dir{test::everyones_place()};
};

class JobTest : public testing::Test, protected test_directory, protected job_harness {
protected:
    JobTest() : job_harness(dir.path()) {}
};

// All members of a gzip file, decoded by zlib.
inline std::string gunzipped(const std::filesystem::path& path) {
    const gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) throw std::runtime_error("gzopen " + path.string());
    std::string data;
    char piece[1 << 16];
    int bytes = 0;
    while ((bytes = gzread(file, piece, sizeof(piece))) > 0)
        data.append(piece, static_cast<std::size_t>(bytes));
    gzclose(file);
    if (bytes < 0) throw std::runtime_error("gzread " + path.string());
    return data;
}

inline void write_gzip(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    const gzFile file = gzopen(path.c_str(), "wb1");
    if (file == nullptr ||
        gzwrite(file, content.data(), static_cast<unsigned>(content.size())) !=
            static_cast<int>(content.size()) ||
        gzclose(file) != Z_OK)
        throw std::runtime_error("gzip " + path.string());
}

}  // namespace peerpress::jobs
