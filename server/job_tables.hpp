// The job store's schema and statements, synchronous, on one connection. job_store.hpp runs them.
#pragma once

#include "server/job_record.hpp"
#include "server/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peerpress::server {

// Each step brings the schema one version further; user_version counts those that are done.
std::span<const char* const> job_migrations();

// Throws refusal where the database is newer than the last step.
void migrate(sqlite::database& db, std::span<const char* const> migrations);

// Answers stay below gRPC's default limit of 4 MiB for what a client receives: a page ends with the
// record that brings it beyond this many bytes.
inline constexpr std::size_t page_bytes_max = 1 << 20;

struct job_query {
    std::uint32_t state_mask = ~0u;  // bit n: job_state n
    std::optional<std::int64_t> before_row = {};
    std::int64_t count_max = 50;
    visible_jobs visible = everybodys_jobs;
};

struct file_query {
    std::int64_t job_row = 0;
    std::int64_t after_sequence = 0;
    std::int64_t count_max = 50;
    bool failed_only = false;
};

template <class Record>
struct page {
    std::vector<Record> records;
    bool more = false;
};

struct created_job {
    job_record record;
    bool existed = false;  // an earlier request with the same request_id made it
};

namespace tables {

// `admission`: why no job may be made now, if so; an existing job is returned all the same.
created_job create(sqlite::database& db, const new_job& job, const jobs::problem& admission);
std::optional<job_record> find(sqlite::database& db, const std::string& id);
// What was stored before jobs had owners belongs to `owner`: it could be asked for by that user.
void adopt(sqlite::database& db, const job_owner& owner);

page<job_record> list(sqlite::database& db, const job_query& query);
std::vector<job_record> unfinished(sqlite::database& db);  // oldest first, without their specs

void set_state(sqlite::database& db, std::int64_t row, jobs::job_state state);
void set_running(sqlite::database& db, std::int64_t row, micros start_time);
void set_ended(sqlite::database& db, std::int64_t row, const job_end& end);

// Returns the sequence number of the last file. Takes the files' prepared entries away. `paths` is
// kept with the job, as it is.
std::int64_t add_finished(sqlite::database& db, std::int64_t row,
                          const std::vector<finished_file>& files, const std::string& paths);
void add_prepared(sqlite::database& db, std::int64_t row,
                  const std::vector<jobs::prepared_file>& files);
page<stored_file> files(sqlite::database& db, const file_query& query);
stored_history history(sqlite::database& db, std::int64_t row);

struct prune_policy {
    std::optional<micros> ended_before = {};
    std::int64_t keep_max = 0;
};
// Forgets one ended job, or a slice of a large one's files; false where there was nothing to
// forget.
bool prune_step(sqlite::database& db, const prune_policy& policy);

}  // namespace tables
}  // namespace peerpress::server
