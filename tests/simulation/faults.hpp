// What goes wrong in a run, and when: asked at each occasion for something to go wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace peerpress::simulation {

enum class occasion {
    call,      // to the file system: open, link, fsync of a directory, ...
    read,      // of a file, by the ring
    write,     //
    allocate,  //
    sync,      //
    command,   // to a core of a device
    codec,     // a piece of work for the software engine
    observer,  // the job's owner is told something
};

// What is wrong without anybody saying so.
enum class lie {
    none,
    data,      // a bit of what was read, written or compressed
    checksum,  // of what a device read
    length,    // of what a device made
    stale,     // a device compressed something else, and tells the checksum of that
};

struct fault {
    int error = 0;             // errno
    std::uint32_t status = 0;  // of a device's command
    bool shortened = false;    // a transfer moves only a part
    bool late = false;         // takes seconds
    lie told = lie::none;

    explicit operator bool() const {
        return error != 0 || status != 0 || shortened || late || told != lie::none;
    }
};

class faults {
public:
    virtual ~faults() = default;
    virtual fault next(occasion what) = 0;
};

class no_faults final : public faults {
public:
    fault next(occasion) override { return {}; }
};

// The occasion number `at` (from 0) of those that `counts` goes wrong, no other.
class one_fault : public faults {
public:
    one_fault(std::uint64_t at, fault wrong) : at_(at), wrong_(wrong) {}

    bool happened() const { return happened_; }
    occasion what() const { return what_; }

    fault next(occasion what) override {
        if (!counts(what) || count_++ != at_) return {};
        happened_ = true;
        what_ = what;
        return wrong_;
    }

protected:
    virtual bool counts(occasion) const { return true; }

private:
    std::uint64_t at_;
    fault wrong_;
    std::uint64_t count_ = 0;
    bool happened_ = false;
    occasion what_ = occasion::call;
};

// Whatever a seed decides. Runs differ in how much goes wrong, from nothing to nearly everything,
// and in what.
class seeded_faults final : public faults {
public:
    // `lies`: those that a run with full verification has to find.
    seeded_faults(std::uint64_t seed, bool lies);

    fault next(occasion what) override;

private:
    double chance();
    template <std::size_t Count>
    int one_of(const int (&values)[Count]) {
        return values[random_() % Count];
    }
    fault of_transfer(occasion what);
    fault of_command();

    std::mt19937_64 random_;
    bool lies_;
    double rates_[8] = {};  // by occasion
    double late_rate_ = 0;
};

}  // namespace peerpress::simulation
