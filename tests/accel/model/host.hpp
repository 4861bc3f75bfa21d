// A host with the device on its bus, as QEMU and a guest's driver would be: messages, registers,
// queues in a memory of its own. Waits are bounded.
#pragma once

#include "accel/model/device.hpp"
#include "accel/model/fields.hpp"
#include "accel/model/nvme.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::accel::model::test {

class host {
public:
    static constexpr std::uint64_t ram_address = 0x10'0000;
    static constexpr std::uint64_t ram_bytes = 8 << 20;
    static constexpr std::uint64_t cmb_address = 0x80'0000'0000;
    static constexpr std::uint32_t entries = 8;  // of every queue

    static device_options small_device() {
        device_options options;
        options.identity = {.serial = "TEST", .cores = *cores("cccd")};
        options.cmb_bytes = 8 << 20;
        options.orders_from_guest = true;
        return options;
    }
    // "cd": one that compresses, one that decompresses.
    static std::optional<std::vector<core_identity>> cores(const std::string& letters) {
        std::vector<core_identity> made;
        for (const char letter : letters) {
            made.push_back({.type = letter == 'c' ? core_type::compress : core_type::decompress});
        }
        return made;
    }

    explicit host(const device_options& options = small_device(),
                  const std::string& trace_path = "")
        : device_(options, trace_path.empty() ? trace() : trace(trace_path),
                  [this] { gone_ = true; }) {
        map_ram();
        place_bars();
    }
    ~host() { munmap(ram_, ram_bytes); }

    // --- messages

    vfio_user::reply send(vfio_user::message_type type, std::vector<std::byte> payload,
                          std::vector<io::unique_fd> descriptors = {}) {
        vfio_user::request request{.header = {.type = static_cast<std::uint16_t>(type)},
                                   .payload = std::move(payload),
                                   .descriptors = std::move(descriptors)};
        vfio_user::reply reply = device_.handle(request);
        device_.work();
        return reply;
    }
    int write_region(std::uint32_t region, std::uint64_t offset, bytes_view bytes) {
        return send(vfio_user::message_type::region_write,
                    field_writer()
                        .put(offset)
                        .put(region)
                        .put(static_cast<std::uint32_t>(bytes.size()))
                        .put_bytes(bytes)
                        .done())
            .error;
    }
    vfio_user::reply read_region(std::uint32_t region, std::uint64_t offset, std::uint32_t bytes) {
        return send(vfio_user::message_type::region_read,
                    field_writer().put(offset).put(region).put(bytes).done());
    }
    void write_register(std::uint32_t offset, std::uint32_t value) {
        EXPECT_EQ(
            write_region(vfio_user::region::bar0, offset, std::as_bytes(std::span(&value, 1))), 0);
    }
    std::uint32_t read_register(std::uint32_t offset) {
        const auto reply = read_region(vfio_user::region::bar0, offset, 4);
        return noload::load_field<std::uint32_t>(reply.payload, 16);
    }
    void write_config(std::uint64_t offset, std::uint32_t value, std::size_t bytes = 4) {
        EXPECT_EQ(write_region(vfio_user::region::config, offset,
                               std::as_bytes(std::span(&value, 1)).first(bytes)),
                  0);
    }
    std::uint32_t read_config(std::uint64_t offset) {
        return noload::load_field<std::uint32_t>(
            read_region(vfio_user::region::config, offset, 4).payload, 16);
    }

    // --- memory

    bytes_span ram(std::uint64_t address, std::size_t bytes) {
        return {ram_ + (address - ram_address), bytes};
    }
    bytes_span cmb(std::uint64_t offset, std::size_t bytes) {
        if (cmb_ == nullptr) {
            const auto reply =
                send(vfio_user::message_type::region_info, field_writer()
                                                               .put(std::uint64_t{0})
                                                               .put(vfio_user::region::bar2)
                                                               .put(std::uint32_t{0})
                                                               .put(std::uint64_t{0})
                                                               .put(std::uint64_t{0})
                                                               .done());
            void* at =
                mmap(nullptr, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, reply.descriptor, 0);
            if (at == MAP_FAILED) std::abort();
            cmb_ = std::unique_ptr<std::byte, unmap>(static_cast<std::byte*>(at));
        }
        return {cmb_.get() + offset, bytes};
    }

    // --- the controller

    void enable() {
        administrator_ = {.id = 0, .submissions = ram_address, .completions = ram_address + 0x1000};
        write_register(nvme::reg::aqa, (entries - 1) << 16 | (entries - 1));
        write_register(nvme::reg::asq, ram_address);
        write_register(nvme::reg::asq + 4, 0);
        write_register(nvme::reg::acq, ram_address + 0x1000);
        write_register(nvme::reg::acq + 4, 0);
        std::memset(ram(ram_address, 0x4000).data(), 0, 0x4000);
        write_register(nvme::reg::cc, 0x00460001);
    }
    void disable() { write_register(nvme::reg::cc, 0x00460000); }

    // Pair 1 of queues.
    void create_queues() {
        std::memset(ram(ram_address + 0x2000, 0x2000).data(), 0, 0x2000);
        io_ = {.id = 1, .submissions = ram_address + 0x2000, .completions = ram_address + 0x3000};
        EXPECT_EQ(administer({.opcode = nvme::admin::create_completion_queue,
                              .prp1 = io_.completions,
                              .cdw10 = (entries - 1) << 16 | 1,
                              .cdw11 = 1u << 16 | 3})
                          ->status >>
                      1,
                  0);
        EXPECT_EQ(administer({.opcode = nvme::admin::create_submission_queue,
                              .prp1 = io_.submissions,
                              .cdw10 = (entries - 1) << 16 | 1,
                              .cdw11 = 1u << 16 | 1})
                          ->status >>
                      1,
                  0);
    }
    void start() {
        enable();
        create_queues();
    }

    std::optional<nvme::completion_entry> administer(const nvme::submission_entry& entry) {
        submit(administrator_, entry);
        return wait(administrator_);
    }
    std::optional<nvme::completion_entry> execute(const nvme::submission_entry& entry) {
        submit_io(entry);
        return wait_io();
    }
    void submit_io(const nvme::submission_entry& entry) { submit(io_, entry); }
    std::optional<nvme::completion_entry> wait_io(
        std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        return wait(io_, patience);
    }
    void ring(std::uint32_t number, std::uint32_t value) {
        write_register(doorbells_offset + number * 4, value);
    }

    model::device& device() { return device_; }
    bool gone() const { return gone_; }

private:
    struct unmap {
        void operator()(std::byte* at) const { munmap(at, 8 << 20); }
    };
    struct queue_pair {
        std::uint32_t id = 0;
        std::uint64_t submissions = 0;
        std::uint64_t completions = 0;
        std::uint32_t tail = 0;
        std::uint32_t head = 0;
        bool phase = true;
    };

    void map_ram() {
        io::unique_fd file(memfd_create("ram", MFD_CLOEXEC));
        ASSERT_EQ(ftruncate(file.get(), ram_bytes), 0);
        ram_ = static_cast<std::byte*>(
            mmap(nullptr, ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
        std::vector<io::unique_fd> files;
        files.push_back(std::move(file));
        EXPECT_EQ(send(vfio_user::message_type::dma_map,
                       field_writer()
                           .put(std::uint32_t{32})
                           .put(vfio_user::dma::readable | vfio_user::dma::writable)
                           .put(std::uint64_t{0})
                           .put(ram_address)
                           .put(ram_bytes)
                           .done(),
                       std::move(files))
                      .error,
                  0);
    }
    void place_bars() {
        write_config(0x18, static_cast<std::uint32_t>(cmb_address));
        write_config(0x1c, static_cast<std::uint32_t>(cmb_address >> 32));
        write_config(0x04, 0x0006, 2);
    }
    void submit(queue_pair& pair, nvme::submission_entry entry) {
        entry.command_id = ++command_id_;
        std::memcpy(ram(pair.submissions + pair.tail * sizeof entry, sizeof entry).data(), &entry,
                    sizeof entry);
        pair.tail = (pair.tail + 1) % entries;
        ring(pair.id * 2, pair.tail);
    }
    std::optional<nvme::completion_entry> wait(
        queue_pair& pair, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        const auto* at = reinterpret_cast<const nvme::completion_entry*>(
            ram(pair.completions + pair.head * sizeof(nvme::completion_entry),
                sizeof(nvme::completion_entry))
                .data());
        const auto end = std::chrono::steady_clock::now() + patience;
        while ((__atomic_load_n(&at->status, __ATOMIC_ACQUIRE) & 1) != (pair.phase ? 1 : 0)) {
            if (std::chrono::steady_clock::now() > end) return std::nullopt;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        const nvme::completion_entry entry = *at;
        pair.head = (pair.head + 1) % entries;
        if (pair.head == 0) pair.phase = !pair.phase;
        ring(pair.id * 2 + 1, pair.head);
        return entry;
    }

    std::byte* ram_ = nullptr;
    std::unique_ptr<std::byte, unmap> cmb_;
    std::atomic<bool> gone_ = false;
    model::device device_;
    queue_pair administrator_;
    queue_pair io_;
    std::uint16_t command_id_ = 0;
};

inline std::uint16_t code_of(const std::optional<nvme::completion_entry>& entry) {
    return entry ? entry->status >> 1 & 0x7ff : 0x7ff;
}

// A command of the set, its span one piece of the CMB.
inline nvme::submission_entry command_at(std::uint64_t address, const noload::operation& wanted,
                                         std::uint32_t namespace_id = 1) {
    const noload::command_words words = noload::encode(wanted);
    nvme::submission_entry entry{.opcode = words.opcode, .namespace_id = namespace_id};
    entry.flags = 1 << nvme::psdt_shift;  // an SGL: one data block
    entry.prp1 = address;
    entry.prp2 = wanted.span_bytes;
    entry.cdw10 = words.cdw10[0];
    entry.cdw11 = words.cdw10[1];
    entry.cdw12 = words.cdw10[2];
    entry.cdw13 = words.cdw10[3];
    entry.cdw14 = words.cdw10[4];
    entry.cdw15 = words.cdw10[5];
    return entry;
}

// 128 KiB, of which the first 60 are input.
inline noload::operation small_compress() {
    return {.opcode = noload::opcode::compress,
            .span_bytes = 128 << 10,
            .input_bytes = 60 << 10,
            .output_offset_bytes = 60 << 10,
            .level = 1,
            .output_alignment_log2 = 12};
}

inline void fill_with_text(bytes_span at, unsigned seed = 0) {
    for (std::size_t i = 0; i < at.size(); ++i) {
        at[i] =
            static_cast<std::byte>("Peerpress packs where data lie. "[(i + i / 97 * seed) % 32]);
    }
}

}  // namespace peerpress::accel::model::test
