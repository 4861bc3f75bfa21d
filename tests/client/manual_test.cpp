#include "client/grammar/grammar.hpp"
#include "client/manual/help.hpp"
#include "client/manual/pages.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace peerpress::client::manual {
namespace {

std::string without_backslashes(std::string text) {
    std::erase(text, '\\');
    return text;
}

bool has_program(const std::string& name) {
    return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

// What a shell command says about `text`, given as a file in place of "@".
std::string checked(const std::string& text, std::string command) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("peerpress-page." + std::to_string(::getpid()));
    std::ofstream(file) << text;
    command.replace(command.find('@'), 1, file.string());
    std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::string said;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
    const int status = ::pclose(pipe);
    std::filesystem::remove(file);
    if (status != 0) said += "status " + std::to_string(status);
    return said;
}

class Pages : public testing::Test {
protected:
    const command_model program_ = command_line_model();

    template <class Check>
    void for_each_option(Check check) {
        std::size_t options = 0;
        for (const command_model& command : program_.commands) {
            ASSERT_FALSE(command.options.empty()) << command.name;
            for (const option_model& option : command.options) {
                EXPECT_FALSE(option.help.empty()) << option.names.front();
                for (const std::string& name : option.names) check(command, option, name);
                ++options;
            }
        }
        EXPECT_GT(options, 60u);
    }
};

TEST_F(Pages, HelpShowsEachCommandAndOption) {
    for (const command_model& command : program_.commands) {
        EXPECT_NE(help(program_).find("\n  " + command.name), std::string::npos) << command.name;
    }
    for_each_option(
        [](const command_model& command, const option_model& option, const std::string& name) {
            EXPECT_NE(help(command).find(name), std::string::npos) << command.name << " " << name;
            EXPECT_NE(help(command).find(option.value), std::string::npos) << option.value;
        });
}

TEST_F(Pages, HelpFitsEightyColumns) {
    for (const command_model& command : program_.commands) {
        std::istringstream lines(help(command));
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(line.size(), 80u) << command.name << ": " << line;
    }
}

TEST_F(Pages, ManPagesShowEachOption) {
    for_each_option([this](const command_model& command, const option_model&,
                           const std::string& name) {
        const std::string page = without_backslashes(man_page(program_, command));
        EXPECT_NE(page.find("fB" + name + "fR"), std::string::npos) << command.name << " " << name;
    });
}

TEST_F(Pages, ManPagesAreCleanForMan) {
    if (!has_program("man")) GTEST_SKIP() << "man is not installed";
    EXPECT_EQ(
        checked(man_page(program_, program_), "man --warnings -E UTF-8 -l -Tutf8 -Z @ >/dev/null"),
        "");
    for (const command_model& command : program_.commands) {
        EXPECT_EQ(checked(man_page(program_, command),
                          "man --warnings -E UTF-8 -l -Tutf8 -Z @ >/dev/null"),
                  "")
            << command.name;
    }
}

TEST_F(Pages, CompletionsOfferEachOption) {
    const std::string bash = bash_completion(program_);
    const std::string zsh = zsh_completion(program_);
    const std::string fish = fish_completion(program_);
    for_each_option([&](const command_model& command, const option_model& option,
                        const std::string& name) {
        const std::size_t words = bash.find("        " + command.name + ") options='");
        ASSERT_NE(words, std::string::npos) << command.name;
        const std::string line = bash.substr(words, bash.find('\n', words) - words);
        EXPECT_TRUE(line.find(name + " ") != std::string::npos ||
                    line.find(name + "'") != std::string::npos)
            << command.name << " " << name;

        const std::size_t section = zsh.find("        " + command.name + ")\n");
        const std::string joint = option.value.empty() ? "[" : name.starts_with("--") ? "=[" : "+[";
        EXPECT_LT(zsh.find("'*" + name + joint, section), zsh.find(";;", section))
            << command.name << " " << name;

        const std::string flag =
            name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        std::istringstream lines(fish);
        bool offered = false;
        for (std::string one; std::getline(lines, one);) {
            offered = offered || (one.find("seen_subcommand_from " + command.name + "'") !=
                                      std::string::npos &&
                                  (one + " ").find(flag + " ") != std::string::npos);
        }
        EXPECT_TRUE(offered) << command.name << " " << name;
    });
}

TEST_F(Pages, CompletionsAreValidForTheirShells) {
    EXPECT_EQ(checked(bash_completion(program_), "bash -n @"), "");
    if (has_program("zsh")) {
        EXPECT_EQ(checked(zsh_completion(program_), "zsh -n @"), "");
    }
    if (has_program("fish")) {
        EXPECT_EQ(checked(fish_completion(program_), "fish -n @"), "");
    }
}

TEST_F(Pages, BashCompletesCommandsOptionsAndChoices) {
    const auto complete = [this](const std::string& line, const std::string& current) {
        return checked(bash_completion(program_),
                       "bash -c 'source @; COMP_WORDS=(" + line +
                           "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _peerpress; "
                           "echo \"${COMPREPLY[@]}\"' " +
                           current);
    };

    EXPECT_EQ(complete("peerpress comp", ""), "compress\n");
    EXPECT_EQ(complete("peerpress compress --memb", ""), "--member-size\n");
    EXPECT_EQ(complete("peerpress compress --verify s", ""), "self\n");
}

TEST_F(Pages, AnUnknownKindHasNoPage) {
    EXPECT_FALSE(page(program_, "html", ""));
    EXPECT_FALSE(page(program_, "man", "zork"));
    EXPECT_FALSE(page(program_, "bash", "compress"));
    EXPECT_TRUE(page(program_, "man", ""));
}

}  // namespace
}  // namespace peerpress::client::manual
