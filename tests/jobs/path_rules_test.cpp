#include "jobs/path_rules.hpp"

#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

job_spec compressing() {
    return {};
}

job_spec decompressing() {
    job_spec spec;
    spec.operation = operation::decompress;
    return spec;
}

std::string placed(const job_spec& spec, const place& source) {
    return place_output(spec, source).output.path();
}

TEST(PathRules, StripKnownSuffixesInAnyCase) {
    EXPECT_EQ(without_suffix("a.gz", ""), "a");
    EXPECT_EQ(without_suffix("a.GZ", ""), "a");
    EXPECT_EQ(without_suffix("a.tgz", ""), "a.tar");
    EXPECT_EQ(without_suffix("a.taz", ""), "a.tar");
    EXPECT_EQ(without_suffix("a.bgz", ""), "a");
    EXPECT_EQ(without_suffix("a.z", ""), "a");
    EXPECT_EQ(without_suffix("a.zz", ""), "a");
    EXPECT_EQ(without_suffix("a.deflate", ""), "a");
}

TEST(PathRules, KnowNoOtherSuffix) {
    EXPECT_EQ(without_suffix("a.txt", ""), std::nullopt);
    EXPECT_EQ(without_suffix("a.Z", ""), std::nullopt) << "compress(1)'s";
    EXPECT_EQ(without_suffix(".gz", ""), std::nullopt) << "nothing would remain";
    EXPECT_EQ(without_suffix("agz", ""), std::nullopt);
}

TEST(PathRules, StripACustomSuffixBesideTheKnownOnes) {
    EXPECT_EQ(without_suffix("a.pp", ".pp"), "a");
    EXPECT_EQ(without_suffix("a.gz", ".pp"), "a");
    EXPECT_EQ(without_suffix(".pp", ".pp"), std::nullopt);
}

TEST(PathRules, NormaliseWithoutLookingAtTheFileSystem) {
    EXPECT_EQ(normalised("/a//b/./c"), "/a/b/c");
    EXPECT_EQ(normalised("a/../b"), "b");
    EXPECT_EQ(normalised("/../a"), "/a");
    EXPECT_EQ(normalised("a/.."), ".");
    EXPECT_EQ(normalised("a..b/..c"), "a..b/..c") << "dots inside a name mean nothing";
    EXPECT_EQ(normalised(".."), std::nullopt);
    EXPECT_EQ(normalised("a/../../b"), std::nullopt);
}

TEST(PathRules, PutAnOutputBesideItsSource) {
    EXPECT_EQ(placed(compressing(), {"/data/a", ""}), "/data/a.gz");
    EXPECT_EQ(placed(compressing(), {"a", ""}), "a.gz");
    EXPECT_EQ(placed(compressing(), {"/a", ""}), "/a.gz");
    EXPECT_EQ(placed(compressing(), {"/data", "sub/a"}), "/data/sub/a.gz");
    EXPECT_EQ(placed(decompressing(), {"/data/a.tgz", ""}), "/data/a.tar");
}

TEST(PathRules, OpenATreesDirectoriesBelowItsRootOnly) {
    const placement found = place_output(compressing(), {"/data", "sub/deep/a"});

    EXPECT_EQ(found.output.directory, (place{"/data", "sub/deep"}));
    EXPECT_EQ(found.output.name, "a.gz");
    EXPECT_FALSE(found.output.make_directories);
}

TEST(PathRules, TakeTheContainersSuffixOrTheJobsOwn) {
    job_spec spec = compressing();
    spec.container = pipeline::container::zlib;
    EXPECT_EQ(placed(spec, {"/a", ""}), "/a.zz");
    spec.suffix = ".pp";
    EXPECT_EQ(placed(spec, {"/a", ""}), "/a.pp");
}

TEST(PathRules, TakeANamedDestinationAsItIs) {
    job_spec spec = compressing();
    spec.destination = "/out/b";
    const placement found = place_output(spec, {"/data/a", ""});
    EXPECT_EQ(found.output.directory, (place{"/out", ""}));
    EXPECT_EQ(found.output.name, "b");
}

TEST(PathRules, MirrorATreeBelowTheDestinationDirectory) {
    job_spec spec = compressing();
    spec.destination_dir = "/out";
    EXPECT_EQ(placed(spec, {"/a/b/dir", "x/f"}), "/out/dir/x/f.gz");
    EXPECT_EQ(placed(spec, {"/a/b/dir", "f"}), "/out/dir/f.gz");
    EXPECT_EQ(placed(spec, {"/a/b/dir/", "f"}), "/out/dir/f.gz");
    EXPECT_EQ(placed(spec, {"/a/b/../dir", "f"}), "/out/dir/f.gz");
    EXPECT_EQ(placed(spec, {"a..b", "f"}), "/out/a..b/f.gz");
    EXPECT_EQ(placed(spec, {".", "x/f"}), "/out/x/f.gz");
    EXPECT_EQ(placed(spec, {"/", "x/f"}), "/out/x/f.gz");
    EXPECT_EQ(placed(spec, {"/a/f", ""}), "/out/f.gz");
}

TEST(PathRules, MirrorTheSourcesDirectoriesFromTheRootOn) {
    job_spec spec = compressing();
    spec.destination_dir = "/out";
    const output_place named = place_output(spec, {"/a/dir", "x/f"}).output;
    EXPECT_TRUE(named.make_directories);
    EXPECT_EQ(named.mirrored_root, "/a/dir");
    EXPECT_EQ(named.unmirrored_components, 1u);
    EXPECT_EQ(place_output(spec, {".", "x/f"}).output.unmirrored_components, 0u);
}

TEST(PathRules, RefuseATreeThatClimbsOutOfItsStart) {
    job_spec spec = compressing();
    spec.destination_dir = "/out";
    EXPECT_EQ(place_output(spec, {"..", "f"}).error.reason, reason::invalid_argument);
    EXPECT_EQ(place_output(spec, {"../../x", "f"}).error.reason, reason::invalid_argument);
    EXPECT_FALSE(place_output(spec, {"../f", ""}).error) << "a file is known by its name alone";
}

TEST(PathRules, PassOverNamesByTheirSuffix) {
    EXPECT_EQ(suffix_objection(compressing(), {"/a.gz", ""}).reason, reason::source_has_suffix);
    EXPECT_EQ(suffix_objection(compressing(), {"/d", "a.tgz"}).reason, reason::source_has_suffix);
    EXPECT_FALSE(suffix_objection(compressing(), {"/a", ""}));
    EXPECT_EQ(suffix_objection(decompressing(), {"/a", ""}).reason, reason::source_lacks_suffix);
    EXPECT_EQ(suffix_objection(decompressing(), {"/d", "a"}).reason, reason::source_lacks_suffix);
    EXPECT_FALSE(suffix_objection(decompressing(), {"/a.gz", ""}));
}

TEST(PathRules, AskForNoSuffixWhereTheDestinationIsNamedOrNoneIsWritten) {
    job_spec named = decompressing();
    named.destination = "/out";
    EXPECT_FALSE(suffix_objection(named, {"/a", ""}));
    job_spec test;
    test.operation = operation::test;
    EXPECT_FALSE(suffix_objection(test, {"/a", ""}));
    EXPECT_TRUE(suffix_objection(test, {"/d", "a"})) << "in a tree";
}

TEST(PathRules, KnowTheirOwnTemporaries) {
    EXPECT_TRUE(is_temporary_name(".peerpress-job-1-2.partial"));
    EXPECT_FALSE(is_temporary_name(".peerpress-job"));
    EXPECT_FALSE(is_temporary_name("a.partial"));
}

}  // namespace
}  // namespace peerpress::jobs
