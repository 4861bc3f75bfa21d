// The program itself, as a child: started, asked, killed, started again. Jobs are real.
#include "tests/server/daemon_fixture.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

extern char** environ;

namespace peerpress::server {
namespace {

namespace fs = std::filesystem;
using test::call_context;
using test::reason_of;
using testing::HasSubstr;

std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::string gunzip(const std::string& packed) {
    std::string plain;
    std::string piece(1 << 16, '\0');
    z_stream z{};
    EXPECT_EQ(inflateInit2(&z, 31), Z_OK);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    z.avail_in = static_cast<uInt>(packed.size());
    int code = Z_OK;
    while (z.avail_in != 0 || code == Z_OK) {
        z.next_out = reinterpret_cast<Bytef*>(piece.data());
        z.avail_out = static_cast<uInt>(piece.size());
        code = inflate(&z, Z_NO_FLUSH);
        plain.append(piece.data(), piece.size() - z.avail_out);
        if (code == Z_STREAM_END && z.avail_in != 0) code = inflateReset(&z);
        if (code != Z_OK) break;
    }
    EXPECT_EQ(code, Z_STREAM_END);
    inflateEnd(&z);
    return plain;
}

class PeerpressdProcess : public test::DaemonTest {
protected:
    ~PeerpressdProcess() override {
        if (pid_ > 0) end(SIGKILL);
    }

    std::vector<std::string> usual_arguments() const {
        return {"--socket", config_.listen.unix_path, "--state-dir", config_.state.directory,
                "--set",    "codec.threads=1",        "--set",       "staging.slots=4"};
    }
    // Runs the program; its stderr goes to a file.
    pid_t launch(const std::vector<std::string>& arguments) {
        std::vector<std::string> all{PEERPRESSD};
        all.insert(all.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (auto& argument : all) argv.push_back(argument.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 2, log_path().c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        pid_t pid = 0;
        EXPECT_EQ(posix_spawn(&pid, PEERPRESSD, &actions, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        return pid;
    }
    std::string log_path() const { return directory_ / "log"; }
    std::string log() const { return read_file(log_path()); }

    static int exit_status(pid_t pid) {
        int status = 0;
        EXPECT_TRUE(test::eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; },
                                     std::chrono::seconds(60)));
        return status;
    }
    void start_process() {
        pid_ = launch(usual_arguments());
        connect_to("unix:" + config_.listen.unix_path);
        ASSERT_TRUE(test::eventually([&] {
            v1::ServerInfo info;
            call_context context;
            // A channel is only looked after while somebody waits: else it tries again 5 s later.
            context.set_wait_for_ready(true);
            return server_->GetServerInfo(&context, {}, &info).ok();
        })) << log();
    }
    int end(int signal) {
        ::kill(pid_, signal);
        return exit_status(std::exchange(pid_, 0));
    }

    // A tree of small files and one large one. Returns name -> content.
    std::map<std::string, std::string> make_tree(int files, std::size_t large_bytes) {
        std::map<std::string, std::string> tree;
        fs::create_directories(tree_path());
        std::mt19937 random(3);
        const auto content = [&](std::size_t bytes) {
            std::string text;
            while (text.size() < bytes) text += std::to_string(random() >> 8) + " lines of text\n";
            text.resize(bytes);
            return text;
        };
        for (int i = 0; i < files; ++i) tree["f" + std::to_string(i)] = content(random() % 20000);
        tree["large"] = content(large_bytes);
        for (const auto& [name, text] : tree)
            std::ofstream(tree_path() / name, std::ios::binary) << text;
        return tree;
    }
    fs::path tree_path() const { return directory_ / "tree"; }
    fs::path output_path() const { return directory_ / "out"; }
    v1::JobSpec tree_spec() const {
        v1::JobSpec spec = spec_of(tree_path());
        spec.set_recursive(true);
        spec.set_destination_dir(output_path());
        return spec;
    }
    // Every output is whole, and there is nothing else.
    void expect_outputs(const std::map<std::string, std::string>& tree) {
        std::size_t found = 0;
        for (const auto& entry : fs::recursive_directory_iterator(output_path())) {
            if (!entry.is_regular_file()) continue;
            ++found;
            const std::string name = entry.path().stem();
            ASSERT_TRUE(tree.contains(name)) << entry.path();
            EXPECT_TRUE(gunzip(read_file(entry.path())) == tree.at(name)) << entry.path();
        }
        EXPECT_EQ(found, tree.size());
        for (const auto& [name, text] : tree) EXPECT_TRUE(read_file(tree_path() / name) == text);
    }

    pid_t pid_ = 0;
};

TEST_F(PeerpressdProcess, FinishesItsJobsHoweverOftenItIsKilled) {
    const auto tree = make_tree(200, 8 << 20);
    start_process();
    fs::create_directories(output_path());
    const std::string name = create(tree_spec()).name();

    std::mt19937 random(11);
    for (int kills = 0; kills < 5; ++kills) {
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
        end(SIGKILL);
        start_process();
    }

    EXPECT_TRUE(test::eventually([&] { return get(name).state() == v1::JOB_STATE_SUCCEEDED; },
                                 std::chrono::seconds(60)))
        << get(name).DebugString() << log();
    EXPECT_EQ(get(name).progress().files_done(), static_cast<std::int64_t>(tree.size()));
    EXPECT_EQ(get(name).progress().files_failed(), 0);
    expect_outputs(tree);
    EXPECT_EQ(WEXITSTATUS(end(SIGTERM)), 0);
}

TEST_F(PeerpressdProcess, StopsOnSigtermAndGoesOnLater) {
    const auto tree = make_tree(50, 30 << 20);
    start_process();
    fs::create_directories(output_path());
    v1::JobSpec spec = tree_spec();
    spec.set_level(9);
    const std::string name = create(spec).name();
    ASSERT_TRUE(test::eventually([&] { return get(name).progress().bytes_in() > 0; }));

    ::kill(pid_, SIGTERM);
    const int status = end(SIGTERM);  // the second one: at once
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << log();
    EXPECT_FALSE(fs::exists(config_.listen.unix_path));
    start_process();

    EXPECT_TRUE(test::eventually([&] { return get(name).state() == v1::JOB_STATE_SUCCEEDED; },
                                 std::chrono::seconds(100)))
        << get(name).DebugString();
    expect_outputs(tree);
}

TEST_F(PeerpressdProcess, DoesNotWaitForAConnectionThatIsIdle) {
    // gRPC's wait alone is 2 s; a loaded machine takes its time for other reasons as well.
    auto quickest = std::chrono::steady_clock::duration::max();
    for (int attempt = 0; attempt < 4 && quickest >= std::chrono::milliseconds(1500); ++attempt) {
        start_process();  // and leaves our connection open
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(WEXITSTATUS(end(SIGTERM)), 0);
        quickest = std::min(quickest, std::chrono::steady_clock::now() - begin);
    }
    EXPECT_LT(quickest, std::chrono::milliseconds(1500));
}

TEST_F(PeerpressdProcess, LetsASmallJobPassALargeOne) {
    make_tree(1, 60 << 20);
    start_process();
    v1::JobSpec large = spec_of(tree_path() / "large");
    large.set_level(9);
    const std::string large_name = create(large).name();
    ASSERT_TRUE(test::eventually([&] { return get(large_name).progress().bytes_in() > 0; }));

    const std::string small_name = create(spec_of(tree_path() / "f0")).name();
    ASSERT_TRUE(reaches(small_name, v1::JOB_STATE_SUCCEEDED));

    EXPECT_EQ(get(large_name).state(), v1::JOB_STATE_RUNNING);
    v1::CancelJobRequest request;
    request.set_name(large_name);
    v1::Job job;
    call_context context;
    ASSERT_TRUE(jobs_->CancelJob(&context, request, &job).ok());
    EXPECT_TRUE(reaches(large_name, v1::JOB_STATE_CANCELLED));
    EXPECT_FALSE(fs::exists(tree_path() / "large.gz"));
}

TEST_F(PeerpressdProcess, LetsOneOfTwoJobsHaveAnOutput) {
    const auto tree = make_tree(1, 20 << 20);
    start_process();
    const std::string first = create(spec_of(tree_path() / "large")).name();
    const std::string second = create(spec_of(tree_path() / "large")).name();
    const auto ended = [&](const std::string& name) { return get(name).has_end_time(); };
    ASSERT_TRUE(
        test::eventually([&] { return ended(first) && ended(second); }, std::chrono::seconds(60)));

    const v1::Job jobs[] = {get(first), get(second)};
    int succeeded = 0;
    for (const auto& job : jobs) {
        succeeded += job.state() == v1::JOB_STATE_SUCCEEDED;
        if (job.state() == v1::JOB_STATE_SUCCEEDED) continue;
        google::rpc::ErrorInfo info;
        ASSERT_TRUE(job.error().details_size() > 0 && job.error().details(0).UnpackTo(&info));
        EXPECT_THAT(info.reason(), testing::AnyOf("OUTPUT_BUSY", "OUTPUT_EXISTS"));
    }
    EXPECT_EQ(succeeded, 1);
    EXPECT_TRUE(gunzip(read_file(tree_path() / "large.gz")) == tree.at("large"));
}

TEST_F(PeerpressdProcess, NamesWhatIsWrongWithASource) {
    make_tree(1, 10);
    start_process();
    const std::string name = create(spec_of(tree_path() / "missing")).name();
    ASSERT_TRUE(reaches(name, v1::JOB_STATE_FAILED));
    EXPECT_EQ(get(name).error().code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_THAT(get(name).error().message(), HasSubstr("missing"));
}

TEST_F(PeerpressdProcess, StaysUpOnSighup) {
    start_process();
    ::kill(pid_, SIGHUP);
    ASSERT_TRUE(test::eventually([&] { return log().find("SIGHUP") != std::string::npos; }));
    create(spec_of("/nowhere"));
}

TEST_F(PeerpressdProcess, SaysInOneLineWhyItDoesNotStart) {
    start_process();
    fs::rename(log_path(), directory_ / "first log");
    const int status = exit_status(launch(usual_arguments()));
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_THAT(log(), testing::MatchesRegex(
                           "peerpressd: .*another peerpressd works with this directory[^\n]*\n"));

    EXPECT_EQ(WEXITSTATUS(exit_status(launch({"--check-config", "--set", "jobs.level=13"}))), 1);
    EXPECT_EQ(
        log(),
        "peerpressd: --set jobs.level=13: jobs.level must be an integer from 1 to 12, not 13\n");
    EXPECT_EQ(WEXITSTATUS(exit_status(launch({"--nonsense"}))), 1);
    EXPECT_EQ(
        WEXITSTATUS(exit_status(launch({"--check-config", "--config", "/nonexistent/p.toml"}))), 1);
    EXPECT_THAT(log(), HasSubstr("/nonexistent/p.toml: "));
}

}  // namespace
}  // namespace peerpress::server
