#include "tests/simulation/scenario.hpp"

#include "tests/support/random_bytes.hpp"

#include <algorithm>
#include <random>

namespace peerpress::simulation {
namespace {

constexpr std::size_t pool_bytes = 2 << 20;

// Half of it compresses.
const std::string& content_pool() {
    static const std::string pool = [] {
        std::string made;
        for (std::uint64_t piece = 0; made.size() < pool_bytes; ++piece) {
            const auto bytes = piece % 4 == 3 ? test::incompressible_bytes(64 << 10, piece)
                                              : test::compressible_bytes(64 << 10, piece);
            made.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        return made;
    }();
    return pool;
}

std::size_t some_size(std::mt19937_64& random) {
    constexpr std::size_t sizes_max[] = {1, 4096, 30'000, 70'000, 150'000};
    return random() % (sizes_max[random() % std::size(sizes_max)] + 1);
}

}  // namespace

std::string some_content(std::size_t bytes, std::uint64_t number) {
    const std::string& pool = content_pool();
    return pool.substr(number * 7919 % (pool.size() - bytes), bytes);
}

std::string scenario::describe() const {
    std::string text = std::string(operation_name(operation)) + " of";
    for (const source_file& file : files) text += " " + std::to_string(file.content.size());
    text += " bytes, verification " + std::string(verification_name(verification));
    if (devices > 0)
        text += ", " + std::to_string(devices) + " devices with " + std::to_string(cores) +
                " cores, engine " + std::string(engine_name(engine));
    if (forbid_software) text += ", no software";
    if (overwrite) text += ", overwriting";
    if (remove_sources) text += ", removing sources";
    if (named_outputs) text += ", named outputs";
    if (cancelled_at) text += ", cancelled";
    return text;
}

scenario seeded_scenario(std::uint64_t seed) {
    std::mt19937_64 random(seed * 2 + 1);
    const auto one_in = [&random](unsigned times) { return random() % times == 0; };
    scenario made{.seed = seed};
    constexpr jobs::operation operations[] = {jobs::operation::compress, jobs::operation::compress,
                                              jobs::operation::compress,
                                              jobs::operation::decompress, jobs::operation::copy};
    made.operation = operations[random() % std::size(operations)];
    constexpr const char* names[] = {"a", "b/c", "b/d/e"};
    for (std::size_t count = 1 + random() % 3; made.files.size() < count;)
        made.files.push_back(
            {names[made.files.size()], some_content(some_size(random), random() % 64)});
    made.overwrite = one_in(4);
    made.remove_sources = one_in(4);
    made.named_outputs = one_in(4);
    constexpr jobs::verification ways[] = {jobs::verification::automatic, jobs::verification::off,
                                           jobs::verification::self, jobs::verification::full};
    made.verification = ways[random() % std::size(ways)];
    if (made.operation != jobs::operation::copy && one_in(2)) {
        made.devices = 1 + random() % 2;
        made.cores = 1 + random() % 2;
        if (!one_in(3)) made.engine = jobs::engine_choice::noload;
        // An empty member is none for a device.
        const bool fits = made.operation == jobs::operation::compress ||
                          std::ranges::none_of(made.files, [](const source_file& file) {
                              return file.content.empty();
                          });
        made.forbid_software = one_in(6) && fits;
    }
    made.member_bytes = 4096u << random() % 4;
    made.slots = 1 + random() % 6;
    made.queue_depth = 1 + random() % 16;
    if (one_in(6)) made.cancelled_at = std::chrono::microseconds(random() % 4000);
    made.again = one_in(4);
    return made;
}

}  // namespace peerpress::simulation
