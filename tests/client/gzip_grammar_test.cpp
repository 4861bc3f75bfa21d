#include "client/gzip/gzip_grammar.hpp"

#include "client/usage_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::client::gzip {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using words = std::vector<std::string>;

std::string refusal(const words& arguments) {
    try {
        parse_gzip_command_line(arguments);
    } catch (const usage_error& error) {
        return error.what();
    }
    return "no refusal";
}

TEST(GzipGrammar, CompressesAtLevelSixWhenNothingIsSaid) {
    const gzip_request request = parse_gzip_command_line({});

    EXPECT_EQ(request.action, action::compress);
    EXPECT_EQ(request.level, 6);
    EXPECT_EQ(request.suffix, ".gz");
    EXPECT_FALSE(request.keep);
    EXPECT_FALSE(request.to_stdout);
    EXPECT_THAT(request.files, IsEmpty());
}

TEST(GzipGrammar, UnderstandsBundledLetters) {
    const gzip_request request = parse_gzip_command_line({"-dk9", "-vfcrN", "a"});

    EXPECT_EQ(request.action, action::decompress);
    EXPECT_TRUE(request.keep);
    EXPECT_EQ(request.level, 9);
    EXPECT_TRUE(request.verbose);
    EXPECT_TRUE(request.force);
    EXPECT_TRUE(request.to_stdout);
    EXPECT_TRUE(request.recursive);
    EXPECT_TRUE(request.restore_name);
    EXPECT_THAT(request.files, ElementsAre("a"));
}

TEST(GzipGrammar, UnderstandsLongNamesAndTheirAbbreviations) {
    const gzip_request request =
        parse_gzip_command_line({"--decomp", "--keep", "--to-stdout", "--force", "--recursive",
                                 "--suffix=.z", "--best", "--synchronous"});

    EXPECT_EQ(request.action, action::decompress);
    EXPECT_TRUE(request.keep);
    EXPECT_TRUE(request.to_stdout);
    EXPECT_TRUE(request.force);
    EXPECT_TRUE(request.recursive);
    EXPECT_EQ(request.suffix, ".z");
    EXPECT_EQ(request.level, 9);
    EXPECT_TRUE(request.synchronous);
    EXPECT_EQ(parse_gzip_command_line({"--fast"}).level, 1);
    EXPECT_EQ(parse_gzip_command_line({"--uncompress"}).action, action::decompress);
    EXPECT_TRUE(parse_gzip_command_line({"--silent"}).quiet);
    EXPECT_EQ(parse_gzip_command_line({"--test"}).action, action::test);
    EXPECT_EQ(parse_gzip_command_line({"--list"}).action, action::list);
}

TEST(GzipGrammar, TakesOptionsAfterOperandsAndNamesAfterTwoDashes) {
    EXPECT_THAT(parse_gzip_command_line({"a", "-d", "b"}).files, ElementsAre("a", "b"));
    EXPECT_EQ(parse_gzip_command_line({"a", "-d", "b"}).action, action::decompress);
    EXPECT_THAT(parse_gzip_command_line({"--", "-d", "--best"}).files, ElementsAre("-d", "--best"));
    EXPECT_THAT(parse_gzip_command_line({"-dc", "-"}).files, ElementsAre("-"));
}

TEST(GzipGrammar, LetsTheLastOfSeveralLevelsWin) {
    EXPECT_EQ(parse_gzip_command_line({"-1", "-9", "-4"}).level, 4);
    EXPECT_EQ(parse_gzip_command_line({"-12"}).level, 2);
}

TEST(GzipGrammar, RefusesWhatItDoesNotKnowInOneLine) {
    EXPECT_EQ(refusal({"-Q", "a"}), "unknown option '-Q'");
    EXPECT_EQ(refusal({"-dQ", "a"}), "unknown option '-Q'");
    EXPECT_EQ(refusal({"--zork", "a"}), "unknown option '--zork'");
    EXPECT_EQ(refusal({"a", "--zork"}), "unknown option '--zork'");
    EXPECT_EQ(refusal({"--rsyncable", "a"}), "unknown option '--rsyncable'");
    EXPECT_EQ(refusal({"-S"}), "a value is missing after '-S'");
    EXPECT_EQ(refusal({"--suffix"}), "a value is missing after '--suffix'");
    EXPECT_EQ(refusal({"-S", "", "a"}), "invalid suffix ''");
    EXPECT_EQ(refusal({"-S", "a/b", "a"}), "invalid suffix 'a/b'");
}

TEST(GzipGrammar, StopsAtHelpAndVersion) {
    EXPECT_EQ(parse_gzip_command_line({"-h"}).action, action::help);
    EXPECT_EQ(parse_gzip_command_line({"-dV"}).action, action::version);
    EXPECT_EQ(parse_gzip_command_line({"--help", "--zork"}).action, action::help);
}

TEST(GzipGrammar, HasAModelWithEveryLetter) {
    std::string letters;
    for (const manual::option_model& option : gzip_model().options) {
        if (option.names.front().size() == 2) letters += option.names.front()[1];
    }

    EXPECT_EQ(letters, "cdfhklnNqrStvV123456789");
}

}  // namespace
}  // namespace peerpress::client::gzip
