// Names that change while jobs use them. Somebody exchanges directories and files for symbolic
// links that lead out of where a job may work, as fast as the kernel lets them, while an opener
// opens, makes, names and removes files by those names. Nothing may be read or changed out there.
//
// PEERPRESS_SWAPS says how many exchanges there are to be at least (10,000; 100,000 take some ten
// times as long).
#include "everyones_place.hpp"
#include "files.hpp"
#include "job_fixture.hpp"
#include "jobs/opener.hpp"
#include "support/as_user.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>
#include <stdio.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

namespace peerpress::jobs {
namespace {

namespace fs = std::filesystem;
using test::alice;

constexpr const char* secret = "what nobody may read";

std::uint64_t swaps_wanted() {
    const char* const wanted = std::getenv("PEERPRESS_SWAPS");
    return wanted == nullptr ? 10'000 : std::strtoull(wanted, nullptr, 10);
}

// Exchanges pairs of names, over and over.
class swapper {
public:
    explicit swapper(std::vector<std::pair<std::string, std::string>> pairs)
        : pairs_(std::move(pairs)), thread_([this] { run(); }) {}
    ~swapper() {
        stop_ = true;
        thread_.join();
    }
    std::uint64_t count() const { return count_; }

private:
    void run() {
        while (!stop_) {
            for (const auto& [one, other] : pairs_)
                if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) ==
                    0)
                    ++count_;
            // Ends with each name as it began, half of the time.
            if (count_ % 7 == 0) std::this_thread::yield();
        }
    }

    std::vector<std::pair<std::string, std::string>> pairs_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> count_{0};
    std::thread thread_;
};

struct tally {
    std::uint64_t opened = 0;
    std::uint64_t refused = 0;
    std::uint64_t escaped = 0;  // read or changed what lies outside
};

// arena/way is a directory, arena/file a file; arena/way-out and arena/file-out are links to
// outside/ and outside/file.
class SwappedNames : public testing::Test {
protected:
    void SetUp() override {
        if (!test::can_be_others()) GTEST_SKIP() << "takes root";
        fs::permissions(directory_.path(), fs::perms(0755));
        for (const char* each : {"arena", "arena/way", "arena/way/sub", "outside", "outside/sub"})
            fs::create_directories(at(each));
        for (const char* each : {"arena/file", "arena/way/file", "arena/way/sub/file"})
            test::write_file(at(each), "anybody's");
        for (const char* each : {"outside/file", "outside/sub/file"})
            test::write_file(at(each), secret);
        fs::create_directory_symlink(at("outside"), at("arena/way-out"));
        fs::create_symlink(at("outside/file"), at("arena/file-out"));
        outside_ = test::listing(at("outside"));
        way_ = io::unique_fd(::open(at("arena/way").c_str(), O_PATH | O_DIRECTORY));
    }
    std::string at(const std::string& name) const { return directory_ / name; }

    // The arena is alice's, and what lies outside root's alone.
    void give_arena_to_alice() const {
        for (const auto& entry : fs::recursive_directory_iterator(at("arena")))
            ASSERT_EQ(::lchown(entry.path().c_str(), alice.uid, alice.gid), 0);
        ASSERT_EQ(::chown(at("arena").c_str(), alice.uid, alice.gid), 0);
        for (const char* each : {"outside/file", "outside/sub/file"})
            fs::permissions(at(each), fs::perms(0600));
    }

    // Every way in which a job uses a name.
    std::vector<open_request> requests(std::uint64_t round) const {
        const std::string number = std::to_string(round);
        std::vector<open_request> made;
        const auto reading = [&](place source) {
            open_request request;
            request.source = std::move(source);
            made.push_back(std::move(request));
        };
        const auto writing = [&](place directory, bool make) {
            open_request request;
            request.source = {at("arena/file"), ""};
            request.output =
                output_place{.directory = std::move(directory),
                             .name = "made-" + number + "-" + std::to_string(made.size()),
                             .make_directories = make};
            made.push_back(std::move(request));
        };
        reading({at("arena/way/file"), ""});
        reading({at("arena/file"), ""});
        reading({at("arena/way"), "sub/file"});
        reading({at("arena"), "way/sub/file"});
        writing({at("arena/way"), ""}, false);
        writing({at("arena/way/new-" + number), ""}, true);
        writing({at("arena"), "way/sub"}, true);
        return made;
    }

    static bool is_secret(int fd) {
        std::string content(64, '\0');
        const ssize_t bytes = ::pread(fd, content.data(), content.size(), 0);
        return bytes > 0 && content.substr(0, static_cast<std::size_t>(bytes)) == secret;
    }

    void use(opener& opener, std::uint64_t round, tally& counted) {
        std::vector<open_request> asked = requests(round);
        std::vector<opened_file> opened = test::run(context_, opener.open(asked));
        std::vector<publish_request> named;
        for (std::size_t index = 0; index < opened.size(); ++index) {
            opened_file& file = opened[index];
            ++(file.error ? counted.refused : counted.opened);
            if (file.error) continue;
            if (is_secret(file.source.get())) ++counted.escaped;
            if (file.ticket)
                named.push_back({.ticket = file.ticket.get(), .output_fd = file.output.get()});
        }
        if (!named.empty()) test::run(context_, opener.publish(named));
        if (round % 16 == 0) remove_a_source(opener);
        if (round % 64 == 0) counted.escaped += changes_outside();
    }

    // One that was seen where it belongs; once its name leads elsewhere, the file of that name
    // there is not to go.
    void remove_a_source(opener& opener) {
        struct stat seen{};
        if (::fstatat(way_.get(), "file", &seen, AT_SYMLINK_NOFOLLOW) != 0) return;
        std::vector<remove_request> removed;
        removed.push_back({.source = {at("arena/way/file"), ""}, .snapshot = snapshot_of(seen)});
        test::run(context_, opener.remove(std::move(removed)));
        const io::unique_fd again(::openat(way_.get(), "file", O_CREAT | O_WRONLY, 0644));
        EXPECT_EQ(::fchown(again.get(), seen.st_uid, seen.st_gid), 0);
    }

    std::uint64_t changes_outside() {
        std::uint64_t changes = 0;
        const auto now = test::listing(at("outside"));
        for (const auto& [name, what] : now)
            if (!outside_.contains(name) || outside_.at(name) != what) ++changes;
        for (const auto& [name, what] : outside_)
            if (!now.contains(name)) ++changes;
        return changes;
    }

    tally swap_while_using(opener_options options, std::uint64_t swaps) {
        options.durable = false;
        const auto opener = open_by_default(std::move(options));
        tally counted;
        {
            swapper swapping(
                {{at("arena/way"), at("arena/way-out")}, {at("arena/file"), at("arena/file-out")}});
            for (std::uint64_t round = 0; swapping.count() < swaps || round < swaps / 100; ++round)
                use(*opener, round, counted);
            RecordProperty("swaps", std::to_string(swapping.count()));
            std::printf("%llu swaps, ", static_cast<unsigned long long>(swapping.count()));
        }
        counted.escaped += changes_outside();
        std::printf("%llu names opened, %llu refused, %llu escapes\n",
                    static_cast<unsigned long long>(counted.opened),
                    static_cast<unsigned long long>(counted.refused),
                    static_cast<unsigned long long>(counted.escaped));
        return counted;
    }

    test::temp_dir directory_{test::everyones_place()};
    asio::io_context context_;
    std::map<std::string, std::string> outside_;
    io::unique_fd way_;  // whatever its name is
};

TEST_F(SwappedNames, LeadNobodyBeyondTheirRights) {
    give_arena_to_alice();
    opener_options options;
    options.act_for = [] {
        return rights{.user = {.uid = alice.uid, .gid = alice.gid, .groups = alice.groups}};
    };

    const tally counted = swap_while_using(std::move(options), swaps_wanted());

    EXPECT_EQ(counted.escaped, 0u);
    EXPECT_GT(counted.opened, 0u);
    EXPECT_GT(counted.refused, 0u);
}

TEST_F(SwappedNames, LeadNobodyBeyondTheirRightsWhoFollowsLinks) {
    give_arena_to_alice();
    opener_options options;
    options.follow_symlinks = true;
    options.act_for = [] {
        return rights{.user = {.uid = alice.uid, .gid = alice.gid, .groups = alice.groups}};
    };

    EXPECT_EQ(swap_while_using(std::move(options), swaps_wanted()).escaped, 0u);
}

// Root may go anywhere: only the roots hold it.
TEST_F(SwappedNames, LeadNobodyOutOfTheRoots) {
    const auto roots = std::make_shared<const root_set>(std::vector<std::string>{at("arena")});
    opener_options options;
    options.follow_symlinks = true;
    options.act_for = [roots] { return rights{.user = {}, .roots = roots}; };

    const tally counted = swap_while_using(std::move(options), swaps_wanted());

    EXPECT_EQ(counted.escaped, 0u);
    EXPECT_GT(counted.opened, 0u);
    EXPECT_GT(counted.refused, 0u);
}

// The same without either: were the names not swapped in time, or the escapes not seen, the tests
// above would say nothing.
TEST_F(SwappedNames, AreSeenToLeadAstrayWhereNothingIsGuarded) {
    EXPECT_GT(swap_while_using({}, swaps_wanted() / 10).escaped, 0u);
}

}  // namespace
}  // namespace peerpress::jobs
