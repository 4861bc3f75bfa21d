// SQLite's C API with owners and error codes. One connection, used by one thread at a time.
#pragma once

#include "io/asio.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace peerpress::server::sqlite {

// Values are SQLite's primary result codes.
const boost::system::error_category& category();

// One run of a prepared statement; gives it back to the connection's cache, reset, when it ends.
class query {
public:
    explicit query(sqlite3_stmt* statement) : statement_(statement) {}
    query(query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    query& operator=(query&&) = delete;
    ~query();

    // Parameters in the order of their question marks.
    template <class... Values>
    query& bind(const Values&... values) {
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    bool step();  // true: a row is there. Throws system_error.
    void run();   // to the end, for statements without rows

    std::int64_t integer(int column) const;
    std::optional<std::int64_t> maybe_integer(int column) const;
    std::string bytes(int column) const;  // of a text or blob; empty for NULL

private:
    void bind_one(int index, std::int64_t value);
    void bind_one(int index, const std::optional<std::int64_t>& value);
    void bind_one(int index, const std::string& text);
    void bind_one(int index, const std::optional<std::string>& text);
    void check(int code) const;

    sqlite3_stmt* statement_;
};

class database {
public:
    explicit database(const std::string& path);  // created where it does not exist
    database(const database&) = delete;
    database& operator=(const database&) = delete;
    ~database();

    void execute(const char* sql);        // any number of statements, without parameters
    query prepare(std::string_view sql);  // `sql` must be a literal: it is the cache's key

    bool in_transaction() const;
    std::int64_t last_row() const;
    std::int64_t changes() const;

private:
    struct closer {
        void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
    };
    std::unique_ptr<sqlite3, closer> handle_;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace peerpress::server::sqlite
