// The device's parts without its threads, for fuzzing: commands for cores are looked at, their data
// found and copied, and completed at once.
#pragma once

#include "accel/model/data_pointer.hpp"
#include "accel/model/endpoint.hpp"
#include "accel/model/parts.hpp"
#include "tests/fuzz/require.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace peerpress::test {

namespace model = accel::model;
namespace noload = accel::noload;

class fuzzed_device {
public:
    static constexpr std::uint64_t ram_address = 0x10000;
    static constexpr std::uint64_t ram_bytes = 64 << 10;
    static constexpr std::uint64_t cmb_address = 1 << 30;
    static constexpr std::uint64_t cmb_bytes = 2 << 20;

    fuzzed_device()
        : parts_(options(), model::trace(),
                 [this](const model::core_command& command) { submitted_.push_back(command); }) {
        io::unique_fd file(memfd_create("ram", MFD_CLOEXEC));
        REQUIRE(ftruncate(file.get(), ram_bytes) == 0);
        REQUIRE(parts_.memory.map({.address = ram_address, .bytes = ram_bytes, .writable = true},
                                  file) == 0);
        const std::uint32_t bar = cmb_address;
        const std::uint16_t enabled = 2;
        parts_.config.write(0x18, std::as_bytes(std::span(&bar, 1)));
        parts_.config.write(0x04, std::as_bytes(std::span(&enabled, 1)));
    }

    model::parts& parts() { return parts_; }
    bytes_span ram() { return *parts_.memory.find(ram_address, ram_bytes, model::access::write); }

    // Until nothing is left to do; a guest cannot make that last.
    void work() {
        parts_.controller.process();
        for (int turn = 0; !submitted_.empty(); ++turn) {
            REQUIRE(turn < 100'000);
            const model::core_command command = submitted_.back();
            submitted_.pop_back();
            parts_.controller.complete(command.ticket, look_at(command.entry), 1);
            parts_.controller.process();
        }
    }

private:
    static model::device_options options() {
        model::device_options options;
        options.identity = {.serial = "FUZZ", .cores = {{}, {model::core_type::decompress}}};
        options.cmb_bytes = cmb_bytes;
        return options;
    }

    static bool is_within(bytes_view part, bytes_view whole) {
        return part.data() >= whole.data() &&
               part.data() + part.size() <= whole.data() + whole.size();
    }

    // What a core would do before it computes.
    std::uint16_t look_at(const model::nvme::submission_entry& entry) {
        const auto operation = noload::decode({.opcode = entry.opcode,
                                               .cdw10 = {entry.cdw10, entry.cdw11, entry.cdw12,
                                                         entry.cdw13, entry.cdw14, entry.cdw15}});
        if (!operation || !noload::fits_span(*operation) || operation->span_bytes > 1 << 20) {
            return noload::status::invalid_field;
        }
        const auto found =
            model::resolve(parts_.space, entry, operation->span_bytes, model::access::write);
        if (found.status) return found.status;
        REQUIRE(model::bytes_of(found.places) == operation->span_bytes);
        for (const model::place& place : found.places) {
            REQUIRE(place.in_cmb
                        ? is_within(place.bytes, parts_.cmb.bytes())
                        : parts_.memory.find(place.at, place.bytes.size(), model::access::write)
                                  ->data() == place.bytes.data());
        }
        const auto input =
            model::part_of(found.places, operation->skip_bytes, operation->input_bytes);
        std::vector<std::byte> copy(operation->input_bytes);
        model::gather(input, copy);
        return 0;
    }

    std::vector<model::core_command> submitted_;
    model::parts parts_;
};

}  // namespace peerpress::test
