// Runs a fuzz target without libFuzzer: over the files of the directories given, and over copies of
// them that are damaged in the same way every time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using input = std::vector<std::uint8_t>;

constexpr int damaged_copies = 2'000;  // of each seed

void run(const input& input) {
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

input damaged(input copy, std::mt19937& random) {
    for (unsigned count = 1 + random() % 4; count > 0 && !copy.empty(); --count) {
        copy[random() % copy.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    }
    if (random() % 4 == 0) copy.resize(random() % (copy.size() + 1));
    return copy;
}

}  // namespace

int main(int argc, char** argv) {
    std::mt19937 random(1);
    int seeds = 0;
    for (int index = 1; index < argc; ++index) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[index])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const input seed{std::istreambuf_iterator<char>(file), {}};
            run(seed);
            for (int copy = 0; copy < damaged_copies; ++copy) run(damaged(seed, random));
            ++seeds;
        }
    }
    std::printf("%d seeds\n", seeds);
    return seeds > 0 ? 0 : 1;
}
