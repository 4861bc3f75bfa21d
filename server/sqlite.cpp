#include "server/sqlite.hpp"

namespace peerpress::server::sqlite {

namespace {

class sqlite_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sqlite"; }
    std::string message(int value) const override { return sqlite3_errstr(value); }
};

[[noreturn]] void fail(int code, const char* message) {
    throw system_error(error_code(code & 0xff, category()), message);
}

}  // namespace

const boost::system::error_category& category() {
    static const sqlite_category instance;
    return instance;
}

query::~query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);  // repeats the error of the last step, which has been thrown already
    sqlite3_clear_bindings(statement_);
}

void query::check(int code) const {
    if (code != SQLITE_OK) fail(code, sqlite3_errmsg(sqlite3_db_handle(statement_)));
}

bool query::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) check(code);
    return false;
}

void query::run() {
    while (step()) {
    }
}

std::int64_t query::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> query::maybe_integer(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return integer(column);
}

std::string query::bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return std::string(static_cast<const char*>(data), data == nullptr ? 0 : size);
}

void query::bind_one(int index, std::int64_t value) {
    check(sqlite3_bind_int64(statement_, index, value));
}

void query::bind_one(int index, const std::optional<std::int64_t>& value) {
    check(value ? sqlite3_bind_int64(statement_, index, *value)
                : sqlite3_bind_null(statement_, index));
}

// Everything is bound as a blob: paths and messages need not be UTF-8, and SQLite compares blobs by
// their bytes.
void query::bind_one(int index, const std::string& bytes) {
    check(sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}

void query::bind_one(int index, const std::optional<std::string>& bytes) {
    if (bytes) return bind_one(index, *bytes);
    check(sqlite3_bind_null(statement_, index));
}

database::database(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) fail(code, handle ? sqlite3_errmsg(handle) : path.c_str());
}

database::~database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
}

void database::execute(const char* sql) {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sqlite3_errmsg(handle_.get()));
}

query database::prepare(std::string_view sql) {
    sqlite3_stmt*& statement = statements_[sql.data()];
    if (statement == nullptr) {
        const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) fail(code, sqlite3_errmsg(handle_.get()));
    }
    return query(statement);
}

bool database::in_transaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}
std::int64_t database::last_row() const {
    return sqlite3_last_insert_rowid(handle_.get());
}
std::int64_t database::changes() const {
    return sqlite3_changes64(handle_.get());
}

}  // namespace peerpress::server::sqlite
