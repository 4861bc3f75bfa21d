#include "tests/server/daemon_fixture.hpp"

#include <gmock/gmock.h>
#include <limits.h>
#include <sys/stat.h>

#include <atomic>

namespace peerpress::server {
namespace {

using test::call_context;
using test::eventually;
using test::reason_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* some_uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

class JobService : public test::DaemonTest {
protected:
    JobService() { start(); }

    static jobs::file_result file(const std::string& source, bool fails = false) {
        jobs::file_result result;
        result.source = source;
        result.destination = source + ".gz";
        result.bytes_in = 10;
        result.bytes_out = 5;
        result.crc32 = 7;
        result.paths.push_back({.bytes = 10, .device = "software", .reason = "software engine"});
        if (fails) result.error = {jobs::reason::source_unreadable, source + ": permission denied"};
        return result;
    }

    // All events of a watch until it ends, or `enough` says so.
    std::vector<v1::JobEvent> watch(const v1::WatchJobRequest& request, grpc::Status& status,
                                    std::function<bool(const v1::JobEvent&)> enough = {}) {
        call_context context;
        auto reader = jobs_->WatchJob(&context, request);
        std::vector<v1::JobEvent> events;
        v1::JobEvent event;
        while (reader->Read(&event)) {
            events.push_back(event);
            if (enough && enough(event)) context.TryCancel();
        }
        status = reader->Finish();
        return events;
    }
    static v1::WatchJobRequest watch_of(const v1::Job& job, bool files = true,
                                        std::int64_t after = 0) {
        v1::WatchJobRequest request;
        request.set_name(job.name());
        request.set_include_files(files);
        request.set_after_sequence(after);
        return request;
    }
    static std::vector<std::string> sources_of(const std::vector<v1::JobEvent>& events) {
        std::vector<std::string> sources;
        for (const auto& event : events) {
            if (event.has_file()) sources.push_back(event.file().source());
        }
        return sources;
    }
};

TEST_F(JobService, ListensOnASocketThatOnlyItsOwnerCanOpen) {
    struct stat status{};
    ASSERT_EQ(::stat(config_.listen.unix_path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(JobService, RunsAJobAsItsSpecSays) {
    v1::JobSpec spec = spec_of("/a");
    spec.set_level(7);
    spec.set_format(v1::FORMAT_BGZF);
    spec.set_destination("/b.gz");
    spec.set_overwrite(true);
    spec.set_verify(v1::VERIFY_SELF);
    spec.set_suffix(".z");
    (*spec.mutable_labels())["team"] = "storage";
    const v1::Job job = create(spec);
    EXPECT_THAT(job.name(), testing::StartsWith("jobs/"));
    runner_.report("/a", {file("/a")});
    runner_.end("/a", {.state = jobs::job_state::succeeded, .warned = true});

    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_SUCCEEDED));

    const jobs::job_spec ran = runner_.specs().at("/a");
    EXPECT_EQ(ran.level, 7);
    EXPECT_EQ(ran.container, pipeline::container::bgzf);
    EXPECT_TRUE(ran.container_given);
    EXPECT_EQ(ran.destination, "/b.gz");
    EXPECT_TRUE(ran.overwrite);
    EXPECT_EQ(ran.verification, jobs::verification::self);
    EXPECT_EQ(ran.suffix, ".z");
    EXPECT_THAT(ran.labels, ElementsAre(std::pair<std::string, std::string>("team", "storage")));
    const v1::Job ended = get(job.name());
    EXPECT_EQ(ended.progress().files_done(), 1);
    EXPECT_EQ(ended.progress().bytes_in(), 10);
    EXPECT_EQ(ended.progress().bytes_out(), 5);
    EXPECT_EQ(ended.spec().level(), 7);
    EXPECT_TRUE(ended.warned());
    EXPECT_TRUE(ended.has_create_time() && ended.has_start_time() && ended.has_end_time());
}

TEST_F(JobService, LeavesTheLevelOfAJobOpenWhereThatIsAsked) {
    v1::JobSpec spec = spec_of("/a");
    spec.set_level_auto(true);
    spec.set_rate(500);
    const v1::Job job = create(spec);
    jobs::file_result done = file("/a");
    done.levels = {{1, 4}, {3, 6}};
    runner_.report("/a", {done});
    runner_.end("/a", {});
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_SUCCEEDED));

    EXPECT_TRUE(runner_.specs().at("/a").level_auto);
    EXPECT_EQ(runner_.specs().at("/a").rate, 500u);
    v1::ListJobFilesRequest request;
    request.set_parent(job.name());
    v1::ListJobFilesResponse files;
    grpc::ClientContext context;
    ASSERT_TRUE(jobs_->ListJobFiles(&context, request, &files).ok());
    ASSERT_EQ(files.files_size(), 1);
    ASSERT_EQ(files.files(0).levels_size(), 2);
    EXPECT_EQ(files.files(0).levels(1).level(), 3);
    EXPECT_EQ(files.files(0).levels(1).bytes(), 6);
}

TEST_F(JobService, FillsInTheServersDefaults) {
    stop();
    config_.jobs.level = 5;
    config_.jobs.output_bytes_max = 1000;
    start();

    EXPECT_EQ(create(spec_of("/a")).spec().level(), 5);
    v1::JobSpec greedy = spec_of("/b");
    greedy.set_output_bytes_max(5000);
    EXPECT_EQ(create(greedy).spec().output_bytes_max(), 1000);
    greedy.set_output_bytes_max(500);
    EXPECT_EQ(create(greedy).spec().output_bytes_max(), 500);
}

TEST_F(JobService, FailsAJobWithItsReason) {
    const v1::Job job = create(spec_of("/a"));
    runner_.end("/a",
                {.state = jobs::job_state::failed, .error = {jobs::reason::no_space, "disk full"}});

    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_FAILED));

    const google::rpc::Status error = get(job.name()).error();
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(error.details(0).UnpackTo(&info));
    EXPECT_EQ(error.code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(error.message(), "disk full");
    EXPECT_EQ(info.reason(), "NO_SPACE");
    EXPECT_EQ(info.domain(), "peerpress");
}

TEST_F(JobService, ChecksWithoutQueueingWhenOnlyAskedToValidate) {
    v1::CreateJobRequest request;
    *request.mutable_job() = spec_of("/a");
    request.set_validate_only(true);
    v1::Job job;
    call_context context;
    ASSERT_TRUE(jobs_->CreateJob(&context, request, &job).ok());
    EXPECT_EQ(job.name(), "");
    EXPECT_EQ(job.spec().level(), 1);

    v1::ListJobsResponse listed;
    call_context list_context;
    ASSERT_TRUE(jobs_->ListJobs(&list_context, {}, &listed).ok());
    EXPECT_EQ(listed.jobs_size(), 0);

    request.mutable_job()->set_level(99);
    call_context bad_context;
    EXPECT_EQ(reason_of(jobs_->CreateJob(&bad_context, request, &job)), "INVALID_ARGUMENT");
}

TEST_F(JobService, AnswersARepeatedRequestWithTheSameJob) {
    v1::CreateJobRequest request;
    *request.mutable_job() = spec_of("/a");
    for (int i = 0; i < 8; ++i)
        (*request.mutable_job()->mutable_labels())["k" + std::to_string(i)] = "v";
    request.set_request_id(some_uuid);
    v1::Job first;
    v1::Job second;
    call_context context[3];
    ASSERT_TRUE(jobs_->CreateJob(&context[0], request, &first).ok());
    ASSERT_TRUE(jobs_->CreateJob(&context[1], request, &second).ok());
    EXPECT_EQ(first.name(), second.name());

    request.mutable_job()->set_level(3);
    const grpc::Status conflict = jobs_->CreateJob(&context[2], request, &second);
    EXPECT_EQ(conflict.error_code(), grpc::StatusCode::ALREADY_EXISTS);
    EXPECT_EQ(reason_of(conflict), "REQUEST_ID_CONFLICT");
    EXPECT_EQ(test::error_info(conflict).metadata().at("job"), first.name());
}

TEST_F(JobService, RefusesWhatCannotBeAJob) {
    struct refusal_case {
        const char* field;
        std::function<void(v1::JobSpec&)> spoil;
    };
    const std::vector<refusal_case> cases{
        {"job.sources", [](auto& s) { s.clear_sources(); }},
        {"job.sources[0]", [](auto& s) { s.set_sources(0, "relative"); }},
        {"job.sources[0]", [](auto& s) { s.set_sources(0, ""); }},
        {"job.sources[0]", [](auto& s) { s.set_sources(0, std::string("/a\0b", 4)); }},
        {"job.sources[1]", [](auto& s) { s.add_sources("/" + std::string(PATH_MAX, 'a')); }},
        {"job.destination", [](auto& s) { s.set_destination("x"); }},
        {"job.destination_dir", [](auto& s) { s.set_destination_dir("x"); }},
        {"job.operation", [](auto& s) { s.clear_operation(); }},
        {"job.operation", [](auto& s) { s.set_operation(static_cast<v1::Operation>(77)); }},
        {"format", [](auto& s) { s.set_format(static_cast<v1::Format>(77)); }},
        {"codec", [](auto& s) { s.set_codec(static_cast<v1::Codec>(77)); }},
        {"job.verify", [](auto& s) { s.set_verify(static_cast<v1::Verify>(77)); }},
        {"fallback", [](auto& s) { s.set_fallback(v1::FALLBACK_POLICY_FORBID); }},
        {"job.engine", [](auto& s) { s.set_engine("noload"); }},
        {"job.level", [](auto& s) { s.set_level(13); }},
        {"job.level", [](auto& s) { s.set_level(-1); }},
        {"job.rate", [](auto& s) { s.set_rate(-1); }},
        {"job.member_bytes", [](auto& s) { s.set_member_bytes(100); }},
        {"job.member_bytes", [](auto& s) { s.set_member_bytes(std::int64_t{1} << 40); }},
        {"job.output_bytes_max", [](auto& s) { s.set_output_bytes_max(-1); }},
        {"job.priority", [](auto& s) { s.set_priority(100000); }},
        {"job.labels", [](auto& s) { (*s.mutable_labels())[""] = "v"; }},
        {"job.labels", [](auto& s) { (*s.mutable_labels())["k"] = std::string(300, 'v'); }},
        {"job.suffix", [](auto& s) { s.set_suffix(std::string(100, 's')); }},
    };
    for (const auto& c : cases) {
        v1::JobSpec spec = spec_of("/a");
        c.spoil(spec);
        const grpc::Status status = create_status(spec);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << c.field;
        EXPECT_EQ(reason_of(status), "INVALID_ARGUMENT") << c.field;
        EXPECT_EQ(test::error_info(status).metadata().at("field"), c.field)
            << status.error_message();
    }
    v1::JobSpec both = spec_of("/a");
    both.set_destination("/x");
    both.set_destination_dir("/y");
    EXPECT_EQ(reason_of(create_status(both)), "INVALID_ARGUMENT");
}

TEST_F(JobService, RefusesAMessageThatIsTooLarge) {
    v1::JobSpec spec = spec_of("/a");
    for (int i = 0; i < 1000; ++i) spec.add_sources("/" + std::string(3500, 'a'));
    EXPECT_EQ(reason_of(create_status(spec)), "INVALID_ARGUMENT");

    for (int i = 0; i < 500; ++i) spec.add_sources("/" + std::string(3500, 'a'));
    EXPECT_EQ(create_status(spec).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(JobService, KnowsNoJobsOfOtherNames) {
    for (const char* name :
         {"", "jobs/", "jobs/x", "devices/1", "jobs/6ba7b810-9dad-11d1-80b4-00c04fd430c"}) {
        v1::GetJobRequest request;
        request.set_name(name);
        v1::Job job;
        call_context context;
        EXPECT_EQ(reason_of(jobs_->GetJob(&context, request, &job)), "INVALID_ARGUMENT") << name;
    }
    const std::string unknown = std::string("jobs/") + some_uuid;
    v1::Job job;
    v1::GetJobRequest get_request;
    get_request.set_name(unknown);
    call_context context[4];
    EXPECT_EQ(reason_of(jobs_->GetJob(&context[0], get_request, &job)), "JOB_NOT_FOUND");
    v1::CancelJobRequest cancel_request;
    cancel_request.set_name(unknown);
    EXPECT_EQ(reason_of(jobs_->CancelJob(&context[1], cancel_request, &job)), "JOB_NOT_FOUND");
    v1::ListJobFilesRequest files_request;
    files_request.set_parent(unknown);
    v1::ListJobFilesResponse files;
    const grpc::Status status = jobs_->ListJobFiles(&context[2], files_request, &files);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(reason_of(status), "JOB_NOT_FOUND");
    v1::WatchJobRequest watch_request;
    watch_request.set_name(unknown);
    grpc::Status watched;
    EXPECT_TRUE(watch(watch_request, watched).empty());
    EXPECT_EQ(reason_of(watched), "JOB_NOT_FOUND");
}

TEST_F(JobService, ListsJobsPageByPage) {
    std::vector<std::string> names;
    for (int i = 0; i < 5; ++i)
        names.insert(names.begin(), create(spec_of("/" + std::to_string(i))).name());

    std::vector<std::string> listed;
    v1::ListJobsRequest request;
    request.set_page_size(2);
    int pages = 0;
    do {
        v1::ListJobsResponse response;
        call_context context;
        ASSERT_TRUE(jobs_->ListJobs(&context, request, &response).ok());
        EXPECT_LE(response.jobs_size(), 2);
        for (const auto& job : response.jobs()) listed.push_back(job.name());
        request.set_page_token(response.next_page_token());
        ++pages;
    } while (!request.page_token().empty());

    EXPECT_EQ(listed, names);
    EXPECT_EQ(pages, 3);
}

TEST_F(JobService, RefusesAPageTokenOfAnotherQuestion) {
    for (int i = 0; i < 3; ++i) create(spec_of("/" + std::to_string(i)));
    v1::ListJobsRequest request;
    request.set_page_size(1);
    v1::ListJobsResponse response;
    call_context context[3];
    ASSERT_TRUE(jobs_->ListJobs(&context[0], request, &response).ok());
    request.set_page_token(response.next_page_token());
    request.add_states(v1::JOB_STATE_FAILED);
    EXPECT_EQ(reason_of(jobs_->ListJobs(&context[1], request, &response)), "INVALID_ARGUMENT");
    request.set_page_token("nonsense");
    EXPECT_EQ(reason_of(jobs_->ListJobs(&context[2], request, &response)), "INVALID_ARGUMENT");
}

TEST_F(JobService, ListsAJobsFilesAndItsFailedOnes) {
    const v1::Job job = create(spec_of("/a"));
    runner_.report("/a", {file("/a/1"), file("/a/2", true), file("/a/3")});
    runner_.end("/a", {.state = jobs::job_state::partial});
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_PARTIAL));

    v1::ListJobFilesRequest request;
    request.set_parent(job.name());
    request.set_page_size(2);
    v1::ListJobFilesResponse response;
    call_context context[3];
    ASSERT_TRUE(jobs_->ListJobFiles(&context[0], request, &response).ok());
    ASSERT_EQ(response.files_size(), 2);
    EXPECT_EQ(response.files(0).source(), "/a/1");
    EXPECT_EQ(response.files(0).crc32(), 7u);
    EXPECT_EQ(response.files(0).paths(0).data_path(), v1::DATA_PATH_CPU);
    EXPECT_EQ(response.files(1).error().code(), grpc::StatusCode::PERMISSION_DENIED);
    request.set_page_token(response.next_page_token());
    ASSERT_TRUE(jobs_->ListJobFiles(&context[1], request, &response).ok());
    ASSERT_EQ(response.files_size(), 1);
    EXPECT_EQ(response.files(0).source(), "/a/3");
    EXPECT_EQ(response.next_page_token(), "");

    request.clear_page_token();
    request.set_failed_only(true);
    ASSERT_TRUE(jobs_->ListJobFiles(&context[2], request, &response).ok());
    ASSERT_EQ(response.files_size(), 1);
    EXPECT_EQ(response.files(0).source(), "/a/2");
}

TEST_F(JobService, CarriesNamesThatAreNoText) {
    const std::string odd = "/\xff\xfe\n";
    const v1::Job job = create(spec_of(odd));
    jobs::file_result result = file(odd, true);
    result.error.message = odd + ": no";
    runner_.report(odd, {result});
    runner_.end(odd, {.state = jobs::job_state::failed, .error = result.error});
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_FAILED));

    grpc::Status status;
    const auto events = watch(watch_of(job), status);
    EXPECT_TRUE(status.ok());
    EXPECT_THAT(sources_of(events), ElementsAre(odd));
    EXPECT_EQ(get(job.name()).error().message(), "/\\xff\\xfe\\x0a: no");
}

TEST_F(JobService, CancelsARunningJob) {
    const v1::Job job = create(spec_of("/a"));
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_RUNNING));

    v1::CancelJobRequest request;
    request.set_name(job.name());
    v1::Job cancelled;
    call_context context;
    ASSERT_TRUE(jobs_->CancelJob(&context, request, &cancelled).ok());

    EXPECT_TRUE(reaches(job.name(), v1::JOB_STATE_CANCELLED));
}

TEST_F(JobService, LetsAWatcherSeeEverythingFromSnapshotToEnd) {
    const v1::Job job = create(spec_of("/a"));
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_RUNNING));
    std::thread work([this] {
        runner_.report("/a", {file("/a/1"), file("/a/2", true)});
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        runner_.report("/a", {file("/a/3")});
        runner_.end("/a", {.state = jobs::job_state::partial});
    });

    grpc::Status status;
    const auto events = watch(watch_of(job), status);
    work.join();

    EXPECT_TRUE(status.ok());
    ASSERT_GE(events.size(), 5u);
    EXPECT_EQ(events.front().snapshot().state(), v1::JOB_STATE_RUNNING);
    EXPECT_EQ(events.back().snapshot().state(), v1::JOB_STATE_PARTIAL);
    EXPECT_EQ(events.back().sequence(), 3);
    EXPECT_THAT(sources_of(events), ElementsAre("/a/1", "/a/2", "/a/3"));
    int progress = 0;
    std::int64_t sequence = 0;
    for (const auto& event : events) {
        progress += event.has_progress();
        EXPECT_GE(event.sequence(), sequence);
        if (event.has_file()) {
            EXPECT_EQ(event.sequence(), sequence + 1);
        }
        sequence = event.sequence();
    }
    EXPECT_GE(progress, 2);
    EXPECT_LE(progress, 8);  // at intervals of 100 ms, not at every change
}

TEST_F(JobService, ResumesAWatchWithoutLossOrRepetition) {
    const v1::Job job = create(spec_of("/a"));
    std::vector<jobs::file_result> files;
    for (int i = 0; i < 600; ++i) files.push_back(file("/a/" + std::to_string(i)));
    runner_.report("/a", files);
    ASSERT_TRUE(eventually([&] { return get(job.name()).sequence() == 600; }));

    grpc::Status status;
    const auto first =
        watch(watch_of(job), status, [](const auto& event) { return event.sequence() == 100; });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
    std::int64_t seen = 0;
    for (const auto& event : first) {
        if (event.has_file()) seen = event.sequence();
    }
    ASSERT_GE(seen, 100);
    runner_.end("/a");
    const auto second = watch(watch_of(job, true, seen), status);

    EXPECT_TRUE(status.ok());
    std::vector<std::string> sources = sources_of(first);
    for (const auto& source : sources_of(second)) sources.push_back(source);
    ASSERT_EQ(sources.size(), 600u);
    for (int i = 0; i < 600; ++i) EXPECT_EQ(sources[i], "/a/" + std::to_string(i));
}

TEST_F(JobService, ShowsAnEndedJobToALateWatcher) {
    const v1::Job job = create(spec_of("/a"));
    runner_.report("/a", {file("/a")});
    runner_.end("/a");
    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_SUCCEEDED));

    grpc::Status status;
    const auto without_files = watch(watch_of(job, false), status);
    EXPECT_TRUE(status.ok());
    ASSERT_EQ(without_files.size(), 1u);
    EXPECT_EQ(without_files[0].snapshot().state(), v1::JOB_STATE_SUCCEEDED);

    const auto with_files = watch(watch_of(job), status);
    EXPECT_THAT(sources_of(with_files), ElementsAre("/a"));
    EXPECT_EQ(with_files.back().snapshot().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(JobService, TellsAWatcherOfAWaitingJobWhenItBegins) {
    stop();
    config_.jobs.running_max = 1;
    start();
    create(spec_of("/blocker"));
    const v1::Job job = create(spec_of("/a"));
    std::thread work([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        runner_.end("/blocker");
        runner_.end("/a");
    });

    grpc::Status status;
    const auto events = watch(watch_of(job, false), status);
    work.join();

    EXPECT_TRUE(status.ok());
    EXPECT_EQ(events.front().snapshot().state(), v1::JOB_STATE_QUEUED);
    EXPECT_EQ(events.back().snapshot().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(JobService, DoesNotCancelAJobWhoseWatcherLeaves) {
    const v1::Job job = create(spec_of("/a"));
    grpc::Status status;
    watch(watch_of(job), status, [](const auto&) { return true; });
    EXPECT_EQ(get(job.name()).state(), v1::JOB_STATE_RUNNING);
    runner_.end("/a");
    EXPECT_TRUE(reaches(job.name(), v1::JOB_STATE_SUCCEEDED));
}

TEST_F(JobService, RefusesMoreThanTheQueueHoldsAndSaysWhenToComeBack) {
    stop();
    config_.jobs.running_max = 1;
    config_.jobs.queued_max = 1;
    start();
    const v1::Job running = create(spec_of("/1"));
    ASSERT_TRUE(reaches(running.name(), v1::JOB_STATE_RUNNING));
    create(spec_of("/2"));

    const grpc::Status status = create_status(spec_of("/3"));

    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(reason_of(status), "TOO_MANY_JOBS");
    google::rpc::Status details;
    google::rpc::RetryInfo retry;
    ASSERT_TRUE(details.ParseFromString(status.error_details()));
    ASSERT_EQ(details.details_size(), 2);
    EXPECT_TRUE(details.details(1).UnpackTo(&retry));
}

TEST_F(JobService, GoesOnWithItsJobsAfterARestart) {
    const v1::Job job = create(spec_of("/a"));
    runner_.report("/a", {file("/a/1")});
    ASSERT_TRUE(eventually([&] { return get(job.name()).sequence() == 1; }));
    grpc::Status watched[4];
    std::atomic<int> answered{0};
    std::vector<std::thread> watchers;
    for (grpc::Status& status : watched)
        watchers.emplace_back([&] {
            bool first = true;
            watch(watch_of(job), status, [&](const auto&) {
                if (std::exchange(first, false)) ++answered;
                return false;
            });
        });
    ASSERT_TRUE(eventually([&] { return answered == 4; }));

    stop();
    for (std::thread& watcher : watchers) watcher.join();
    for (const grpc::Status& status : watched) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
        EXPECT_EQ(reason_of(status), "DRAINING") << status.error_message();
    }
    start();
    runner_.report("/a", {file("/a/2")});
    runner_.end("/a");

    ASSERT_TRUE(reaches(job.name(), v1::JOB_STATE_SUCCEEDED));
    EXPECT_TRUE(runner_.knew_finished("/a", "/a/1"));
    EXPECT_EQ(get(job.name()).progress().files_done(), 2);
}

}  // namespace
}  // namespace peerpress::server
