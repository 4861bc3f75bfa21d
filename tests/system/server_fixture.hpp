// A peerpressd of the test's own, and peerpress run against it.
#pragma once

#include "tests/client/command_fixture.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>

namespace peerpress {

using client::numbers;
using client::read_file;
using client::words;
using client::write_file;

class ServerFixture : public client::CommandFixture {
protected:
    ServerFixture() : service_directory_() {}
    ~ServerFixture() override {
        if (daemon_) stop_server();
    }

    // Its socket and state lie apart from the test's files, so that names() shows only those.
    std::string socket() const { return service_directory_ / "socket"; }
    std::string address() const { return "unix:" + socket(); }

    // `settings` are KEY=VALUE of the configuration, `file` one of its own. Returns when it serves.
    void start_server(const words& settings = {}, const std::string& file = {}) {
        words arguments{PEERPRESSD,
                        "--socket",
                        socket(),
                        "--state-dir",
                        service_directory_ / "state",
                        "--set",
                        "staging.slots=6",
                        "--set",
                        "jobs.drain_seconds=1"};
        if (!file.empty()) arguments.insert(arguments.end(), {"--config", file});
        for (const std::string& setting : settings) {
            arguments.push_back("--set");
            arguments.push_back(setting);
        }
        daemon_ = std::make_unique<test::process>(arguments);
        const bool serves = daemon_->run_until([this](const auto&) {
            return asked({"server-info", "--server", address()}).exit_code == 0;
        });
        if (!serves) throw std::runtime_error("peerpressd does not serve");
    }
    // SIGTERM; what it has said in all, and its exit code.
    test::process_result stop_server() { return end_server(SIGTERM); }
    test::process_result kill_server() { return end_server(SIGKILL); }

    test::process_options client_options(std::string input = {}) const {
        test::process_options made = options(std::move(input));
        made.environment["PEERPRESS_SERVER"] = address();
        return made;
    }
    test::process_result asked(const words& arguments, std::string input = {}) const {
        return test::run_program(command_line(arguments), client_options(std::move(input)));
    }
    std::unique_ptr<test::process> start(const words& arguments) const {
        return std::make_unique<test::process>(command_line(arguments), client_options());
    }

    std::filesystem::path service_place(const std::string& name) const {
        return service_directory_ / name;
    }

    // A field of the last JSON line that has it; numbers and strings as they stand there.
    static std::string last_field(const std::string& json_lines, const std::string& name) {
        const std::regex field("\"" + name + "\":(\"([^\"]*)\"|[^,}\\]]*)");
        std::string value;
        for (auto at = std::sregex_iterator(json_lines.begin(), json_lines.end(), field);
             at != std::sregex_iterator(); ++at)
            value = (*at)[2].matched ? (*at)[2].str() : (*at)[1].str();
        return value;
    }

private:
    test::process_result end_server(int signal) {
        daemon_->send_signal(signal);
        test::process_result ended = daemon_->wait();
        daemon_.reset();
        return ended;
    }

    test::temp_dir service_directory_;
    std::unique_ptr<test::process> daemon_;
};

}  // namespace peerpress
