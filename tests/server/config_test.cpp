#include "server/config.hpp"

#include "server/config_file.hpp"
#include "server/config_keys.hpp"
#include "server/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace peerpress::server {
namespace {

using testing::HasSubstr;

environment no_environment() {
    return [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
}

environment given(std::map<std::string, std::string> values) {
    return [values](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

class ConfigFile : public testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path()) << text; }
    std::string path() const { return directory_ / "peerpressd.toml"; }

    // What the file's mistakes are said to be, without the directory.
    std::string complaint(const std::string& text) {
        write(text);
        try {
            apply_file(config_, path());
        } catch (const config_error& e) {
            std::string what = e.what();
            const std::string prefix = directory_.path().string() + "/";
            for (auto at = what.find(prefix); at != what.npos; at = what.find(prefix)) {
                what.erase(at, prefix.size());
            }
            return what;
        }
        return "";
    }

    test::temp_dir directory_;
    config config_ = default_config(true, no_environment());
};

TEST_F(ConfigFile, SetsWhatItNamesAndLeavesTheRest) {
    write(
        "[listen]\nunix = '/tmp/p.sock'\nunix_mode = 0o660\n[jobs]\nrunning_max = 2\n[log]\nlevel "
        "= "
        "'debug'\n");

    apply_file(config_, path());

    EXPECT_EQ(config_.listen.unix_path, "/tmp/p.sock");
    EXPECT_EQ(config_.listen.unix_mode, 0660u);
    EXPECT_EQ(config_.jobs.running_max, 2u);
    EXPECT_EQ(config_.log.level, "debug");
    EXPECT_EQ(config_.jobs.queued_max, jobs_config{}.queued_max);
}

TEST_F(ConfigFile, SetsSwitchesAndLists) {
    write(
        "[p2p]\nenabled = false\nproviders = ['SERIAL', '0000:01:00.0']\nbudget_bytes = 1048576\n");

    apply_file(config_, path());

    EXPECT_FALSE(config_.p2p.enabled);
    EXPECT_THAT(config_.p2p.providers, testing::ElementsAre("SERIAL", "0000:01:00.0"));
    EXPECT_EQ(config_.p2p.budget_bytes, 1u << 20);
    EXPECT_THAT(config_.p2p.devices, testing::IsEmpty());
}

TEST_F(ConfigFile, RefusesWhatIsNoSwitchAndNoList) {
    EXPECT_EQ(complaint("[p2p]\nenabled = 1\n"),
              "peerpressd.toml:2: p2p.enabled must be true or false, not an integer");
    EXPECT_EQ(complaint("[p2p]\ndevices = 'x'\n"),
              "peerpressd.toml:2: p2p.devices must be an array of strings, each a path or an NVMe "
              "serial number, not a string");
    EXPECT_THAT(complaint("[p2p]\ndevices = [1]\n"), HasSubstr("not an array"));
    EXPECT_THAT(complaint("[p2p]\ndevices = ['']\n"), HasSubstr("not \"\""));
    EXPECT_THAT(complaint("[jobs]\nlevel = true\n"), HasSubstr("not a boolean"));
}

TEST(Config, TakesListsFromTheEnvironmentByCommas) {
    config c = default_config(true, no_environment());

    apply_environment(c, given({{"PEERPRESSD_P2P_DEVICES", "/dev/a,SERIAL"},
                                {"PEERPRESSD_P2P_PROVIDERS", ""},
                                {"PEERPRESSD_P2P_ENABLED", "false"}}));

    EXPECT_THAT(c.p2p.devices, testing::ElementsAre("/dev/a", "SERIAL"));
    EXPECT_THAT(c.p2p.providers, testing::IsEmpty());
    EXPECT_FALSE(c.p2p.enabled);
    EXPECT_THROW(apply_environment(c, given({{"PEERPRESSD_P2P_ENABLED", "yes"}})), config_error);
    EXPECT_THROW(apply_environment(c, given({{"PEERPRESSD_P2P_DEVICES", "a,,b"}})), config_error);
}

TEST_F(ConfigFile, RefusesAnUnknownKeyWithItsLineAndTheNearestName) {
    EXPECT_EQ(complaint("[jobs]\n\nruning_max = 2\n"),
              "peerpressd.toml:3: unknown key jobs.runing_max; did you mean jobs.running_max?");
}

TEST_F(ConfigFile, RefusesAnUnknownSection) {
    EXPECT_EQ(complaint("\n[fruit]\napple = 1\n"),
              "peerpressd.toml:2: unknown section fruit; peerpressd --print-config lists all keys");
}

TEST_F(ConfigFile, RefusesAKeyOutsideASection) {
    EXPECT_THAT(complaint("jobs = 3\n"), HasSubstr("peerpressd.toml:1: jobs must be a table"));
}

TEST_F(ConfigFile, RefusesAWrongType) {
    EXPECT_EQ(complaint("[jobs]\nlevel = 'high'\n"),
              "peerpressd.toml:2: jobs.level must be an integer from 1 to 12, not a string");
    EXPECT_EQ(complaint("[state]\ndirectory = 7\n"),
              "peerpressd.toml:2: state.directory must be an absolute path, not an integer");
    EXPECT_EQ(complaint("[jobs]\nlevel = true\n"),
              "peerpressd.toml:2: jobs.level must be an integer from 1 to 12, not a boolean");
}

TEST_F(ConfigFile, RefusesAValueOutsideItsRange) {
    EXPECT_EQ(complaint("[jobs]\nlevel = 13\n"),
              "peerpressd.toml:2: jobs.level must be an integer from 1 to 12, not 13");
    EXPECT_EQ(complaint("[jobs]\nlevel = -1\n"),
              "peerpressd.toml:2: jobs.level must be an integer from 1 to 12, not -1");
    EXPECT_THAT(complaint("[staging]\nchunk_bytes = 100000\n"), HasSubstr("a power of two from"));
    EXPECT_THAT(complaint("[state]\ndirectory = 'relative'\n"), HasSubstr("an absolute path"));
}

TEST_F(ConfigFile, RefusesToListenBeyondLoopback) {
    EXPECT_THAT(complaint("[listen]\ntcp = '0.0.0.0:7070'\n"), HasSubstr("loopback"));
    EXPECT_THAT(complaint("[metrics]\nlisten = '192.168.1.1:9117'\n"), HasSubstr("loopback"));
    EXPECT_EQ(complaint("[metrics]\nlisten = '[::1]:9117'\n"), "");
    EXPECT_EQ(complaint("[metrics]\nlisten = 'unix:/run/m.sock'\n"), "");
}

TEST_F(ConfigFile, SaysWhomCertificatesStandForAndPrintsThemAgain) {
    const std::string text =
        "[[security.identities]]\nuri = \"spiffe://a/b\"\nuser = \"u\"\nroots = [\"/a\", "
        "\"/b \\\"c\"]\n\n[[security.identities]]\ncommon_name = \"c\"\nuser = \"v\"\n";

    ASSERT_EQ(complaint(text), "");

    ASSERT_EQ(config_.security.identities.size(), 2u);
    EXPECT_EQ(config_.security.identities[0].name(), "spiffe://a/b");
    EXPECT_EQ(config_.security.identities[0].roots, (std::vector<std::string>{"/a", "/b \"c"}));
    EXPECT_EQ(config_.security.identities[1].name(), "CN=c");
    EXPECT_THAT(print_config(config_, config_), testing::EndsWith(text));
}

TEST_F(ConfigFile, RefusesIdentitiesThatCannotBe) {
    const auto of = [this](const std::string& lines) {
        return complaint("[[security.identities]]\n" + lines);
    };
    EXPECT_THAT(of("user = 'u'\n"), HasSubstr("either a uri or a common_name"));
    EXPECT_THAT(of("uri = 'a'\ncommon_name = 'b'\nuser = 'u'\n"), HasSubstr("either a uri"));
    EXPECT_THAT(of("uri = 'a'\n"), HasSubstr("a needs the name of a user"));
    EXPECT_THAT(of("uri = \"a\\n\"\nuser = 'u'\n"), HasSubstr("no control characters"));
    EXPECT_THAT(of("uri = 'a'\nuser = 'u'\nroots = ['b']\n"), HasSubstr("absolute paths"));
    EXPECT_THAT(of("uri = 'a'\nuser = 'u'\nroot = ['/b']\n"), HasSubstr("unknown key root"));
    EXPECT_THAT(of("uri = 1\nuser = 'u'\n"), HasSubstr("uri must be a string"));
    EXPECT_THAT(complaint("[security]\nidentities = 'a'\n"), HasSubstr("[[security.identities]]"));
}

TEST_F(ConfigFile, ListensByTlsWhereItKnowsWithWhatAndForWhom) {
    const auto objection = [this](const std::string& text) {
        write(text);
        config c = config_;
        apply_file(c, path());
        try {
            check(c);
        } catch (const config_error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    const std::string listen = "[listen]\ntls = '0.0.0.0:7443'\n";
    const std::string files = "[tls]\ncertificate = '/a'\nkey = '/b'\nclient_ca = '/c'\n";
    const std::string who = "[[security.identities]]\nuri = 'x'\nuser = 'u'\n";

    EXPECT_THAT(objection(listen), HasSubstr("needs tls.certificate, tls.key and tls.client_ca"));
    EXPECT_THAT(objection(listen + files), HasSubstr("lets nobody in"));
    EXPECT_THAT(objection(who + who), HasSubstr("x is there twice"));
    EXPECT_EQ(objection(listen + files + who), "");
    EXPECT_THAT(complaint("[listen]\ntls = 'host:1'\n"), HasSubstr("an address and port"));
}

TEST_F(ConfigFile, ReportsEveryMistakeAtOnce) {
    EXPECT_EQ(complaint("[jobs]\nlevel = 0\nx = 1\n"),
              "peerpressd.toml:2: jobs.level must be an integer from 1 to 12, not 0\n"
              "peerpressd.toml:3: unknown key jobs.x; peerpressd --print-config lists all keys");
}

TEST_F(ConfigFile, NamesTheLineOfASyntaxError) {
    EXPECT_THAT(complaint("[jobs]\nlevel = = 1\n"), HasSubstr("peerpressd.toml:2: "));
}

TEST_F(ConfigFile, NamesAFileThatIsNotThere) {
    EXPECT_THROW(apply_file(config_, directory_ / "missing.toml"), config_error);
}

TEST(Config, TakesTheEnvironmentOverTheFileAndFlagsOverBoth) {
    config c = default_config(true, no_environment());

    apply_environment(
        c, given({{"PEERPRESSD_JOBS_LEVEL", "5"}, {"PEERPRESSD_LISTEN_UNIX_MODE", "0660"}}));
    EXPECT_EQ(c.jobs.level, 5u);
    EXPECT_EQ(c.listen.unix_mode, 0660u);

    apply_setting(c, "jobs.level", "7", "--set");
    EXPECT_EQ(c.jobs.level, 7u);
}

TEST(Config, NamesTheVariableThatIsWrong) {
    config c = default_config(true, no_environment());
    try {
        apply_environment(c, given({{"PEERPRESSD_JOBS_LEVEL", "six"}}));
        FAIL() << "was taken";
    } catch (const config_error& e) {
        EXPECT_STREQ(
            e.what(),
            "PEERPRESSD_JOBS_LEVEL: jobs.level must be an integer from 1 to 12, not \"six\"");
    }
}

TEST(Config, LiesInTheSystemsPlacesForRootAndInXdgsForUsers) {
    const config system = default_config(true, given({{"HOME", "/root"}}));
    EXPECT_EQ(system.listen.unix_path, "/run/peerpress/peerpressd.sock");
    EXPECT_EQ(system.state.directory, "/var/lib/peerpress");

    const config session =
        default_config(false, given({{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}));
    EXPECT_EQ(session.listen.unix_path, "/run/user/7/peerpress/peerpressd.sock");
    EXPECT_EQ(session.state.directory, "/home/u/.local/state/peerpress");

    const config bare =
        default_config(false, given({{"HOME", "/home/u"}, {"XDG_STATE_HOME", "relative"}}));
    EXPECT_EQ(bare.listen.unix_path, "/home/u/.cache/peerpress/peerpressd.sock");
    EXPECT_EQ(bare.state.directory, "/home/u/.local/state/peerpress");
    EXPECT_EQ(default_config_path(false, given({{"HOME", "/home/u"}})),
              "/home/u/.config/peerpress/peerpressd.toml");
}

TEST(Config, DefaultsAreWithinTheirOwnRanges) {
    const config defaults = default_config(true, no_environment());
    for (const auto& key : config_keys()) {
        config c = defaults;
        std::string value = toml_value(key, defaults);
        // As a flag has it: without TOML's quotes and brackets.
        if (value.starts_with('"') || value.starts_with('['))
            value = value.substr(1, value.size() - 2);
        EXPECT_EQ(set_from_text(key, c, value), "") << key.name;
    }
    EXPECT_NO_THROW(check(defaults));
}

TEST(Config, RefusesToListenNowhere) {
    config c = default_config(true, no_environment());
    c.listen.unix_path.clear();
    EXPECT_THROW(check(c), config_error);
    c.listen.tcp = "127.0.0.1:0";
    EXPECT_NO_THROW(check(c));
}

TEST(Config, RefusesFewerSlotsThanStreams) {
    config c = default_config(true, no_environment());
    c.transform.running_max = c.transform.slots + 1;
    EXPECT_THROW(check(c), config_error);
}

TEST_F(ConfigFile, PrintsAFileThatReadsBackTheSame) {
    config changed = config_;
    changed.jobs.level = 9;
    changed.state.directory = "/odd \"name\"\\";
    const std::string text = print_config(changed, config_);
    EXPECT_THAT(text, HasSubstr("\nlevel = 9\n"));
    EXPECT_THAT(text, HasSubstr("\n# queued_max = 10000\n"));

    config again = config_;
    write(text);
    apply_file(again, path());
    EXPECT_EQ(print_config(again, config_), text);
    EXPECT_EQ(again.state.directory, changed.state.directory);
}

TEST(ConfigDocumentation, NamesEveryKeyWithItsDefaultAndNoOther) {
    std::ifstream file(PEERPRESS_DOCS "/configuration.md");
    std::set<std::string> documented;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `")) continue;
        documented.insert(line.substr(3, line.find('`', 3) - 3));
    }

    std::set<std::string> known;
    for (const auto& key : config_keys()) known.insert(std::string(key.name));
    EXPECT_EQ(documented, known);
}

TEST(Endpoint, TakesLoopbackAndSocketsOnly) {
    EXPECT_EQ(parse_endpoint("localhost:80")->text(), "127.0.0.1:80");
    EXPECT_EQ(parse_endpoint("[::1]:80")->text(), "[::1]:80");
    EXPECT_EQ(parse_endpoint("unix:/a")->text(), "unix:/a");
    for (const char* text : {"", "unix:", "unix:a", "10.0.0.1:80", "127.0.0.1", "127.0.0.1:99999",
                             "127.0.0.1:x", "example.org:80", ":80"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
    EXPECT_FALSE(parse_endpoint("unix:/" + std::string(200, 'a')));
}

}  // namespace
}  // namespace peerpress::server
