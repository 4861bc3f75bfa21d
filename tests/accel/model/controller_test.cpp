// Registers, queues and the administrator's commands, with the mistakes that a host can make.
#include "tests/accel/model/host.hpp"

namespace peerpress::accel::model::test {
namespace {

namespace status = nvme::status;
namespace reg = nvme::reg;

TEST(ModelController, IsReadyOnceItIsEnabledAndNotAfterwards) {
    host host;
    EXPECT_EQ(host.read_register(reg::csts), 0u);

    host.enable();
    EXPECT_EQ(host.read_register(reg::csts), nvme::csts::ready);

    host.disable();
    EXPECT_EQ(host.read_register(reg::csts), 0u);
}

TEST(ModelController, ReportsTheEndOfAShutdown) {
    host host;
    host.enable();

    host.write_register(reg::cc, 0x00464001);

    EXPECT_EQ(host.read_register(reg::csts), nvme::csts::ready | nvme::csts::shutdown_complete);
}

TEST(ModelController, FailsForGoodWhereItsQueuesCannotBeReached) {
    host host;
    host.write_register(reg::aqa, 0x00070007);
    host.write_register(reg::asq, 0x7000'0000);
    host.write_register(reg::acq, 0x7100'0000);
    host.write_register(reg::cc, 0x00460001);

    host.ring(0, 1);

    EXPECT_NE(host.read_register(reg::csts) & nvme::csts::fatal, 0u);
    host.disable();
    host.start();  // and is well again
    EXPECT_EQ(host.read_register(reg::csts), nvme::csts::ready);
}

TEST(ModelController, ShowsItsMemoryBufferToWhomAsksForIt) {
    host host;
    EXPECT_EQ(host.read_register(reg::cmbsz), 0u);

    host.write_register(reg::cmbmsc, nvme::cmbmsc::capabilities_enabled);

    // 8 units of 1 MiB, for data only, in BAR2.
    EXPECT_EQ(host.read_register(reg::cmbsz), 8u << 12 | 2u << 8 | 0x18);
    EXPECT_EQ(host.read_register(reg::cmbloc), 2u);
}

TEST(ModelController, FindsABaseOfItsMemoryThatIsNotWhereItLies) {
    host host;
    host.write_register(reg::cmbmsc, 3);
    host.write_register(reg::cmbmsc + 4, 0);
    EXPECT_EQ(host.read_register(reg::cmbsts), 1u);

    host.write_register(reg::cmbmsc, static_cast<std::uint32_t>(host::cmb_address) | 3);
    host.write_register(reg::cmbmsc + 4, static_cast<std::uint32_t>(host::cmb_address >> 32));

    EXPECT_EQ(host.read_register(reg::cmbsts), 0u);
}

TEST(ModelController, IgnoresDoorbellsAndValuesThatAreNone) {
    host host;
    host.start();

    for (const std::uint32_t number : {2u, 3u, 4u, 40u, 1000u}) host.ring(number, 0xffff'ffff);
    host.ring(0, host::entries);

    EXPECT_EQ(host.read_register(reg::csts), nvme::csts::ready);
    EXPECT_EQ(code_of(host.execute({.opcode = nvme::io_opcode::flush, .namespace_id = 1})),
              status::success);
}

TEST(ModelController, RefusesQueuesThatCannotBe) {
    host host;
    host.start();
    const auto create = [&host](std::uint8_t opcode, std::uint32_t id, std::uint32_t entries,
                                std::uint32_t cdw11, std::uint64_t base = host::ram_address) {
        return code_of(host.administer(
            {.opcode = opcode, .prp1 = base, .cdw10 = (entries - 1) << 16 | id, .cdw11 = cdw11}));
    };
    constexpr auto completion = nvme::admin::create_completion_queue;
    constexpr auto submission = nvme::admin::create_submission_queue;

    EXPECT_EQ(create(completion, 0, 8, 3), status::invalid_queue_id);
    EXPECT_EQ(create(completion, 1, 8, 3), status::invalid_queue_id);  // there is one
    EXPECT_EQ(create(completion, queues_max, 8, 3), status::invalid_queue_id);
    EXPECT_EQ(create(completion, 2, 1, 3), status::invalid_queue_size);
    EXPECT_EQ(create(completion, 2, 4096, 3), status::invalid_queue_size);
    EXPECT_EQ(create(completion, 2, 8, 2), status::invalid_field);  // not contiguous
    EXPECT_EQ(create(completion, 2, 8, queues_max << 16 | 3), status::invalid_vector);
    EXPECT_EQ(create(completion, 2, 8, 3, host::ram_address + 4), status::invalid_prp_offset);
    EXPECT_EQ(create(submission, 2, 8, 2 << 16 | 1), status::completion_queue_invalid);
    EXPECT_EQ(create(submission, 1, 8, 1 << 16 | 1), status::invalid_queue_id);
}

TEST(ModelController, DeletesQueuesInOrderOnly) {
    host host;
    host.start();
    const auto remove = [&host](std::uint8_t opcode) {
        return code_of(host.administer({.opcode = opcode, .cdw10 = 1}));
    };

    EXPECT_EQ(remove(nvme::admin::delete_completion_queue), status::invalid_queue_deletion);
    EXPECT_EQ(remove(nvme::admin::delete_submission_queue), status::success);
    EXPECT_EQ(remove(nvme::admin::delete_submission_queue), status::invalid_queue_id);
    EXPECT_EQ(remove(nvme::admin::delete_completion_queue), status::success);
    host.create_queues();
    EXPECT_EQ(code_of(host.execute({.opcode = nvme::io_opcode::flush, .namespace_id = 1})),
              status::success);
}

TEST(ModelController, IdentifiesItsCores) {
    host host;
    host.start();
    constexpr std::uint64_t page = host::ram_address + 0x10'0000;
    const auto identify = [&host](std::uint32_t kind, std::uint32_t id) {
        return code_of(host.administer(
            {.opcode = nvme::admin::identify, .namespace_id = id, .prp1 = page, .cdw10 = kind}));
    };

    ASSERT_EQ(identify(0, 4), status::success);
    const auto core = noload::decode_core_area(host.ram(page, 4096));
    ASSERT_TRUE(core);
    EXPECT_EQ(core->name, "decompress");
    EXPECT_EQ(core->operations, noload::can_decompress | noload::can_checksum);
    EXPECT_EQ(core->span_bytes_max, 1u << 20);
    EXPECT_TRUE(core->ready());
    EXPECT_EQ(identify(0, 5), status::invalid_namespace);

    ASSERT_EQ(identify(1, 0), status::success);
    EXPECT_EQ(noload::load_field<std::uint32_t>(host.ram(page, 4096), 516), 4u);
    ASSERT_EQ(identify(2, 2), status::success);
    EXPECT_EQ(noload::load_field<std::uint64_t>(host.ram(page, 4096), 0), 4ull << 32 | 3);
    EXPECT_EQ(identify(6, 1), status::invalid_field);
}

TEST(ModelController, RefusesAdministratorsMistakes) {
    host host;
    host.enable();
    const auto refusal = [&host](const nvme::submission_entry& entry) {
        return code_of(host.administer(entry));
    };

    EXPECT_EQ(refusal({.opcode = 0x55}), status::invalid_opcode);
    EXPECT_EQ(refusal({.opcode = nvme::admin::identify, .flags = 1 << nvme::psdt_shift}),
              status::invalid_field);
    EXPECT_EQ(refusal({.opcode = nvme::admin::identify, .flags = 1}), status::invalid_field);
    EXPECT_EQ(refusal({.opcode = nvme::admin::identify, .prp1 = 0x7000'0000, .cdw10 = 1}),
              status::data_transfer_error);
    EXPECT_EQ(refusal({.opcode = nvme::admin::get_log_page, .cdw10 = 0x70}),
              status::invalid_log_page);
    EXPECT_EQ(refusal({.opcode = nvme::admin::get_log_page, .cdw10 = 0xffff'0002, .cdw11 = 0xffff}),
              status::invalid_field);
    EXPECT_EQ(refusal({.opcode = nvme::admin::get_features, .cdw10 = 0x7f}), status::invalid_field);
}

TEST(ModelController, KeepsCompletionsForAHostThatTakesThemLate) {
    host host;
    host.start();
    // One queue of 8 entries holds 7 completions; its host has taken none of the first 7.
    for (int i = 0; i < 7; ++i) {
        host.submit_io({.opcode = nvme::io_opcode::flush, .namespace_id = 1});
    }
    for (int i = 0; i < 3; ++i) {
        host.submit_io({.opcode = nvme::io_opcode::flush, .namespace_id = 1});
    }

    for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(host.wait_io()), status::success) << i;
}

TEST(ModelController, SendsAnInterruptThatItsVectorWasNotThereFor) {
    host host;
    host.enable();
    ASSERT_TRUE(host.administer({.opcode = nvme::admin::abort}));
    io::unique_fd file(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const int observed = file.get();
    io::unique_fd watched(dup(observed));
    std::vector<io::unique_fd> files;
    files.push_back(std::move(file));

    const auto reply =
        host.send(vfio_user::message_type::set_irqs,
                  field_writer()
                      .put(std::uint32_t{20})
                      .put(vfio_user::irq::data_eventfd | vfio_user::irq::action_trigger)
                      .put(vfio_user::irq::msix)
                      .put(std::uint32_t{0})
                      .put(std::uint32_t{1})
                      .done(),
                  std::move(files));

    EXPECT_EQ(reply.error, 0);
    eventfd_t count = 0;
    EXPECT_EQ(eventfd_read(watched.get(), &count), 0);
}

}  // namespace
}  // namespace peerpress::accel::model::test
