#include "server/job_tables.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace peerpress::server {

micros now_micros() {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

namespace {

constexpr std::array migrations{
    // AUTOINCREMENT: a row number is never used again, since page tokens and watchers hold on to
    // them.
    "CREATE TABLE jobs ("
    "  row INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id BLOB NOT NULL UNIQUE,"
    "  request_id BLOB UNIQUE,"
    "  request_spec BLOB,"
    "  spec BLOB NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  priority INTEGER NOT NULL,"
    "  create_time INTEGER NOT NULL,"
    "  start_time INTEGER,"
    "  end_time INTEGER,"
    "  error_reason BLOB,"
    "  error_message BLOB,"
    "  warned INTEGER NOT NULL DEFAULT 0,"
    "  files_total INTEGER NOT NULL DEFAULT 0,"
    "  files_done INTEGER NOT NULL DEFAULT 0,"
    "  files_failed INTEGER NOT NULL DEFAULT 0,"
    "  bytes_total INTEGER NOT NULL DEFAULT 0,"
    "  bytes_in INTEGER NOT NULL DEFAULT 0,"
    "  bytes_out INTEGER NOT NULL DEFAULT 0,"
    "  page_cache_files INTEGER NOT NULL DEFAULT 0,"
    "  sequence INTEGER NOT NULL DEFAULT 0);"
    // The unfinished are few among many, and looked for at every start.
    "CREATE INDEX jobs_unfinished ON jobs(row) WHERE end_time IS NULL;"
    "CREATE INDEX jobs_ended ON jobs(end_time) WHERE end_time IS NOT NULL;"
    "CREATE TABLE files ("
    "  job INTEGER NOT NULL,"
    "  sequence INTEGER NOT NULL,"
    "  source BLOB NOT NULL,"
    "  failed INTEGER NOT NULL,"
    "  warned INTEGER NOT NULL,"
    "  bytes_in INTEGER NOT NULL,"
    "  bytes_out INTEGER NOT NULL,"
    "  result BLOB NOT NULL,"
    "  PRIMARY KEY (job, sequence)) WITHOUT ROWID;"
    "CREATE INDEX files_failed ON files(job, sequence) WHERE failed;"
    "CREATE TABLE prepared ("
    "  job INTEGER NOT NULL,"
    "  source BLOB NOT NULL,"
    "  destination BLOB NOT NULL,"
    "  device INTEGER NOT NULL,"
    "  inode INTEGER NOT NULL,"
    "  bytes_in INTEGER NOT NULL,"
    "  bytes_out INTEGER NOT NULL,"
    "  crc32 INTEGER NOT NULL,"
    "  PRIMARY KEY (job, source)) WITHOUT ROWID;",
    // Which way the bytes of a job's files went, added up.
    "ALTER TABLE jobs ADD COLUMN paths BLOB",
    // Whose a job is; NULL until somebody adopts it. A request_id is an owner's own from here on:
    // the column that was unique for all of them stays empty, since SQLite cannot take it away.
    "ALTER TABLE jobs ADD COLUMN owner INTEGER;"
    "ALTER TABLE jobs ADD COLUMN owner_group INTEGER;"
    "ALTER TABLE jobs ADD COLUMN owner_identity BLOB;"
    "ALTER TABLE jobs ADD COLUMN request BLOB;"
    "UPDATE jobs SET request = request_id, request_id = NULL WHERE request_id IS NOT NULL;"
    "CREATE INDEX jobs_of_owner ON jobs(owner, row);"
    "CREATE UNIQUE INDEX jobs_request ON jobs(owner, request) WHERE request IS NOT NULL",
    // Each remote identity of a user has request_ids of its own.
    "DROP INDEX jobs_request;"
    "CREATE UNIQUE INDEX jobs_request ON jobs(owner, IFNULL(owner_identity, x''), request) "
    "WHERE request IS NOT NULL",
};

#define JOB_COLUMNS_WITH(spec)                                                            \
    "row, id, " spec                                                                      \
    ", state, priority, create_time, start_time, end_time, error_reason, error_message, " \
    "warned, files_total, files_done, files_failed, bytes_total, bytes_in, bytes_out, "   \
    "page_cache_files, sequence, paths, owner, owner_group, owner_identity"
#define JOB_COLUMNS JOB_COLUMNS_WITH("spec")
// NULL in jobs that are older than identities.
#define OF_IDENTITY "IFNULL(owner_identity, x'') = ?"

job_record read_job(const sqlite::query& q) {
    job_record r;
    r.row = q.integer(0);
    r.id = q.bytes(1);
    r.spec = q.bytes(2);
    r.state = static_cast<jobs::job_state>(q.integer(3));
    r.priority = static_cast<std::int32_t>(q.integer(4));
    r.create_time = q.integer(5);
    r.start_time = q.maybe_integer(6);
    r.end_time = q.maybe_integer(7);
    if (const std::string reason = q.bytes(8); !reason.empty()) {
        r.error = {jobs::reason_from_name(reason), q.bytes(9)};
    }
    r.warned = q.integer(10) != 0;
    r.counters = {.files_total = q.integer(11),
                  .files_done = q.integer(12),
                  .files_failed = q.integer(13),
                  .bytes_total = q.integer(14),
                  .bytes_in = q.integer(15),
                  .bytes_out = q.integer(16),
                  .page_cache_files = q.integer(17)};
    r.sequence = q.integer(18);
    r.paths = q.bytes(19);
    r.owner = {.uid = static_cast<uid_t>(q.integer(20)),
               .gid = static_cast<gid_t>(q.integer(21)),
               .identity = q.bytes(22)};
    return r;
}

std::int64_t user_version(sqlite::database& db) {
    auto q = db.prepare("PRAGMA user_version");
    q.step();
    return q.integer(0);
}

std::optional<created_job> find_by_request(sqlite::database& db, const new_job& job) {
    if (job.request_id.empty()) return std::nullopt;
    auto q =
        db.prepare("SELECT " JOB_COLUMNS ", request_spec FROM jobs WHERE owner = ? AND " OF_IDENTITY
                   " AND request = ?");
    q.bind(std::int64_t{job.owner.uid}, job.owner.identity, job.request_id);
    if (!q.step()) return std::nullopt;
    created_job found{.record = read_job(q), .existed = true};
    if (q.bytes(23) != job.request_spec) {
        throw refusal(jobs::reason::request_id_conflict,
                      fmt::format("request_id {} made jobs/{} from another spec: take a new one",
                                  job.request_id, found.record.id),
                      {{"job", "jobs/" + found.record.id}});
    }
    return found;
}

std::optional<std::int64_t> oldest_to_forget(sqlite::database& db,
                                             const tables::prune_policy& policy) {
    if (policy.ended_before) {
        auto aged = db.prepare("SELECT row FROM jobs WHERE end_time < ? ORDER BY end_time LIMIT 1");
        aged.bind(*policy.ended_before);
        if (aged.step()) return aged.integer(0);
    }
    auto counted = db.prepare(
        "SELECT row FROM jobs WHERE end_time IS NOT NULL ORDER BY end_time DESC LIMIT 1 OFFSET ?");
    counted.bind(policy.keep_max);
    if (counted.step()) return counted.integer(0);
    return std::nullopt;
}

}  // namespace

std::span<const char* const> job_migrations() {
    return migrations;
}

void migrate(sqlite::database& db, std::span<const char* const> steps) {
    const std::int64_t version = user_version(db);
    const auto newest = static_cast<std::int64_t>(steps.size());
    if (version < 0 || version > newest) {
        throw refusal(
            jobs::reason::internal,
            fmt::format(
                "it was written by a newer peerpressd (schema {}, this one knows {}): start "
                "that version, or move the file away to begin with an empty queue",
                version, newest));
    }
    for (std::int64_t done = version; done < newest; ++done) {
        const std::string step =
            fmt::format("BEGIN; {}; PRAGMA user_version = {}; COMMIT;", steps[done], done + 1);
        try {
            db.execute(step.c_str());
        } catch (...) {
            if (db.in_transaction()) db.execute("ROLLBACK");
            throw;
        }
    }
}

namespace tables {

created_job create(sqlite::database& db, const new_job& job, const jobs::problem& admission) {
    if (auto existing = find_by_request(db, job)) return *std::move(existing);
    if (admission) throw refusal(admission);

    std::optional<std::string> request_id;
    std::optional<std::string> request_spec;
    if (!job.request_id.empty()) {
        request_id = job.request_id;
        request_spec = job.request_spec;
    }
    db.prepare(
          "INSERT INTO jobs (id, request, request_spec, spec, state, priority, create_time, owner, "
          "owner_group, owner_identity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(job.id, request_id, request_spec, job.spec,
              static_cast<std::int64_t>(jobs::job_state::queued), std::int64_t{job.priority},
              job.create_time, std::int64_t{job.owner.uid}, std::int64_t{job.owner.gid},
              job.owner.identity)
        .run();
    return {.record = {.row = db.last_row(),
                       .id = job.id,
                       .spec = job.spec,
                       .priority = job.priority,
                       .create_time = job.create_time,
                       .owner = job.owner}};
}

std::optional<job_record> find(sqlite::database& db, const std::string& id) {
    auto q = db.prepare("SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?");
    q.bind(id);
    if (!q.step()) return std::nullopt;
    return read_job(q);
}

void adopt(sqlite::database& db, const job_owner& owner) {
    db.prepare("UPDATE jobs SET owner = ?, owner_group = ? WHERE owner IS NULL")
        .bind(std::int64_t{owner.uid}, std::int64_t{owner.gid})
        .run();
}

page<job_record> list(sqlite::database& db, const job_query& query) {
    const std::int64_t before = query.before_row.value_or(std::numeric_limits<std::int64_t>::max());
    const std::int64_t states{query.state_mask};
    auto q = query.visible ? db.prepare("SELECT " JOB_COLUMNS
                                        " FROM jobs WHERE row < ? AND (? >> state) & 1 AND "
                                        "owner = ? AND " OF_IDENTITY " ORDER BY row DESC")
                           : db.prepare("SELECT " JOB_COLUMNS
                                        " FROM jobs WHERE row < ? AND (? >> state) & 1 "
                                        "ORDER BY row DESC");
    q.bind(before, states);
    if (query.visible)
        q.bind(before, states, std::int64_t{query.visible->uid}, query.visible->identity);
    page<job_record> found;
    std::size_t bytes = 0;
    while (q.step()) {
        if (static_cast<std::int64_t>(found.records.size()) == query.count_max ||
            bytes > page_bytes_max) {
            found.more = true;
            break;
        }
        found.records.push_back(read_job(q));
        bytes += found.records.back().spec.size();
    }
    return found;
}

std::vector<job_record> unfinished(sqlite::database& db) {
    auto q = db.prepare(
        "SELECT " JOB_COLUMNS_WITH("x''") " FROM jobs WHERE end_time IS NULL ORDER BY row");
    std::vector<job_record> found;
    while (q.step()) found.push_back(read_job(q));
    return found;
}

void set_state(sqlite::database& db, std::int64_t row, jobs::job_state state) {
    db.prepare("UPDATE jobs SET state = ? WHERE row = ? AND end_time IS NULL")
        .bind(static_cast<std::int64_t>(state), row)
        .run();
}

void set_running(sqlite::database& db, std::int64_t row, micros start_time) {
    // A job that is taken up again keeps the time of its first start.
    db.prepare(
          "UPDATE jobs SET state = ?, start_time = coalesce(start_time, ?) WHERE row = ? AND "
          "end_time IS NULL")
        .bind(static_cast<std::int64_t>(jobs::job_state::running), start_time, row)
        .run();
}

void set_ended(sqlite::database& db, std::int64_t row, const job_end& end) {
    std::optional<std::string> reason;
    if (end.error) reason = std::string(jobs::reason_name(end.error.reason));
    // end_time is set once: a job has exactly one end.
    db.prepare(
          "UPDATE jobs SET state = ?, error_reason = ?, error_message = ?, warned = ?, files_total "
          "= ?, "
          "files_done = ?, files_failed = ?, bytes_total = ?, bytes_in = ?, bytes_out = ?, "
          "page_cache_files = ?, end_time = ? WHERE row = ? AND end_time IS NULL")
        .bind(static_cast<std::int64_t>(end.state), reason, end.error.message,
              std::int64_t{end.warned}, end.counters.files_total, end.counters.files_done,
              end.counters.files_failed, end.counters.bytes_total, end.counters.bytes_in,
              end.counters.bytes_out, end.counters.page_cache_files, end.end_time, row)
        .run();
    db.prepare("DELETE FROM prepared WHERE job = ?").bind(row).run();
}

std::int64_t add_finished(sqlite::database& db, std::int64_t row,
                          const std::vector<finished_file>& files, const std::string& paths) {
    auto at = db.prepare("SELECT sequence FROM jobs WHERE row = ?");
    at.bind(row);
    if (!at.step()) throw refusal(jobs::reason::internal, "a running job has left the job store");
    std::int64_t sequence = at.integer(0);
    for (const auto& file : files) {
        db.prepare(
              "INSERT INTO files (job, sequence, source, failed, warned, bytes_in, bytes_out, "
              "result) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(row, ++sequence, file.source, std::int64_t{file.failed},
                  std::int64_t{file.warned}, file.bytes_in, file.bytes_out, file.result)
            .run();
        db.prepare("DELETE FROM prepared WHERE job = ? AND source = ?")
            .bind(row, file.source)
            .run();
    }
    db.prepare("UPDATE jobs SET sequence = ?, paths = ? WHERE row = ?")
        .bind(sequence, paths, row)
        .run();
    return sequence;
}

void add_prepared(sqlite::database& db, std::int64_t row,
                  const std::vector<jobs::prepared_file>& files) {
    for (const auto& file : files) {
        // SQLite's integers are signed; device and inode numbers travel through them bit by bit.
        db.prepare("INSERT OR REPLACE INTO prepared VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(row, file.source, file.destination, static_cast<std::int64_t>(file.device),
                  static_cast<std::int64_t>(file.inode), static_cast<std::int64_t>(file.bytes_in),
                  static_cast<std::int64_t>(file.bytes_out), std::int64_t{file.crc32})
            .run();
    }
}

page<stored_file> files(sqlite::database& db, const file_query& query) {
    auto q =
        query.failed_only
            ? db.prepare(
                  "SELECT sequence, result FROM files WHERE job = ? AND sequence > ? AND failed "
                  "ORDER BY sequence")
            : db.prepare(
                  "SELECT sequence, result FROM files WHERE job = ? AND sequence > ? "
                  "ORDER BY sequence");
    q.bind(query.job_row, query.after_sequence);
    page<stored_file> found;
    std::size_t bytes = 0;
    while (q.step()) {
        if (static_cast<std::int64_t>(found.records.size()) == query.count_max ||
            bytes > page_bytes_max) {
            found.more = true;
            break;
        }
        found.records.push_back({.sequence = q.integer(0), .result = q.bytes(1)});
        bytes += found.records.back().result.size();
    }
    return found;
}

stored_history history(sqlite::database& db, std::int64_t row) {
    stored_history h;
    auto job = db.prepare("SELECT paths FROM jobs WHERE row = ?");
    job.bind(row);
    if (job.step()) h.paths = job.bytes(0);
    auto finished =
        db.prepare("SELECT source, failed, warned, bytes_in, bytes_out FROM files WHERE job = ?");
    finished.bind(row);
    while (finished.step()) {
        h.finished.push_back(finished.bytes(0));
        ++(finished.integer(1) != 0 ? h.counters.files_failed : h.counters.files_done);
        h.warned = h.warned || finished.integer(2) != 0;
        h.counters.bytes_in += finished.integer(3);
        h.counters.bytes_out += finished.integer(4);
    }
    // What came to its end had been found, too.
    h.counters.files_total = h.counters.files_done + h.counters.files_failed;
    h.counters.bytes_total = h.counters.bytes_in;
    auto prepared = db.prepare(
        "SELECT source, destination, device, inode, bytes_in, bytes_out, crc32 FROM prepared WHERE "
        "job = ?");
    prepared.bind(row);
    while (prepared.step()) {
        h.prepared.push_back({.source = prepared.bytes(0),
                              .destination = prepared.bytes(1),
                              .device = static_cast<std::uint64_t>(prepared.integer(2)),
                              .inode = static_cast<std::uint64_t>(prepared.integer(3)),
                              .bytes_in = static_cast<std::uint64_t>(prepared.integer(4)),
                              .bytes_out = static_cast<std::uint64_t>(prepared.integer(5)),
                              .crc32 = static_cast<std::uint32_t>(prepared.integer(6))});
    }
    return h;
}

bool prune_step(sqlite::database& db, const prune_policy& policy) {
    // Slices keep the store's thread free for others between them.
    constexpr std::int64_t files_max = 2000;
    const auto row = oldest_to_forget(db, policy);
    if (!row) return false;
    db.prepare(
          "DELETE FROM files WHERE job = ?1 AND sequence IN "
          "(SELECT sequence FROM files WHERE job = ?1 ORDER BY sequence LIMIT ?2)")
        .bind(*row, files_max)
        .run();
    if (db.changes() < files_max) db.prepare("DELETE FROM jobs WHERE row = ?").bind(*row).run();
    return true;
}

}  // namespace tables
}  // namespace peerpress::server
