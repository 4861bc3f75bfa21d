// core: an accelerator's commands one by one, without the product: only the kernel, and the layout
// of the command set (accel/noload/wire.hpp).
//
//   core identify CONTROLLER NAMESPACE
//   core compress ALLOCATE CORE SOURCE TARGET [RAM]
//       of the first 480 KiB of SOURCE, made into a member in the device's memory, or in this
//       program's; written to TARGET. Prints "bytes crc32".
//   core check ALLOCATE CORE SOURCE BYTES
//       decodes the member of so many bytes at SOURCE's start, and writes nothing
//   core order CONTROLLER TEXT
//
// A command that the device fails ends this with exit code 3, and "status 0x..." on standard error.
#include "accel/noload/wire.hpp"

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace peerpress;
using namespace peerpress::accel::noload;

namespace {

constexpr std::uint32_t span_bytes = 1 << 20;
constexpr std::uint32_t input_bytes = 480 << 10;

[[noreturn]] void fail(const std::string& what) {
    std::perror(what.c_str());
    std::exit(1);
}

int open_file(const char* path, int flags) {
    const int file = open(path, flags, 0644);
    if (file < 0) fail(path);
    return file;
}

// Of the device, or, as a mistake, of the host.
std::byte* memory_of(const char* allocate, bool host) {
    const int flags = host ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    const int file = host ? -1 : open_file(allocate, O_RDWR);
    void* at = mmap(nullptr, span_bytes, PROT_READ | PROT_WRITE, flags, file, 0);
    if (at == MAP_FAILED) fail(allocate);
    if (host) std::memset(at, 0, span_bytes);
    return static_cast<std::byte*>(at);
}

void check_status(int status) {
    if (status < 0) fail("command");
    if (status == 0) return;
    std::fprintf(stderr, "status 0x%03x\n", status & 0x7ff);
    std::exit(3);
}

completion carry_out(const char* core, const operation& wanted, std::byte* span) {
    const int device = open_file(core, O_RDWR);
    const command_words words = encode(wanted);
    nvme_passthru_cmd64 command{};
    command.opcode = words.opcode;
    command.nsid = static_cast<std::uint32_t>(ioctl(device, NVME_IOCTL_ID));
    command.addr = reinterpret_cast<std::uintptr_t>(span);
    command.data_len = wanted.span_bytes;
    command.cdw10 = words.cdw10[0];
    command.cdw11 = words.cdw10[1];
    command.cdw12 = words.cdw10[2];
    command.cdw13 = words.cdw10[3];
    command.cdw14 = words.cdw10[4];
    command.cdw15 = words.cdw10[5];
    command.timeout_ms = 5'000;
    check_status(ioctl(device, NVME_IOCTL_IO64_CMD, &command));
    return decode_completion(command.result);
}

void print(completion done) {
    std::printf("%u %08x\n", done.bytes, done.crc32);
}

void read_into(const char* path, std::byte* at, std::size_t bytes) {
    const int file = open_file(path, O_RDONLY | O_DIRECT);
    if (pread(file, at, bytes, 0) != static_cast<ssize_t>(bytes)) fail(path);
}

int compress(char** words, bool host) {
    std::byte* span = memory_of(words[0], host);
    read_into(words[2], span, input_bytes);
    const completion done = carry_out(words[1],
                                      {.opcode = opcode::compress,
                                       .span_bytes = span_bytes,
                                       .input_bytes = input_bytes,
                                       .output_offset_bytes = input_bytes,
                                       .level = 1,
                                       .output_alignment_log2 = 12},
                                      span);
    const int target = open_file(words[3], O_WRONLY | O_CREAT | O_DIRECT);
    if (pwrite(target, span + input_bytes, done.bytes, 0) != static_cast<ssize_t>(done.bytes)) {
        fail(words[3]);
    }
    fsync(target);
    print(done);
    return 0;
}

int check(char** words) {
    std::byte* span = memory_of(words[0], false);
    const auto bytes = static_cast<std::uint32_t>(std::strtoul(words[3], nullptr, 0));
    read_into(words[2], span, bytes);
    print(carry_out(words[1],
                    {.opcode = opcode::decompress,
                     .span_bytes = span_bytes,
                     .input_bytes = bytes,
                     .check_only = true},
                    span));
    return 0;
}

int administer(const char* controller, nvme_admin_cmd command) {
    const int device = open_file(controller, O_RDWR);
    check_status(ioctl(device, NVME_IOCTL_ADMIN_CMD, &command));
    return 0;
}

int identify(char** words) {
    alignas(4096) static std::array<std::byte, identify_bytes> page;
    nvme_admin_cmd command{};
    command.opcode = 0x06;
    command.nsid = static_cast<std::uint32_t>(std::strtoul(words[1], nullptr, 0));
    command.addr = reinterpret_cast<std::uintptr_t>(page.data());
    command.data_len = identify_bytes;
    administer(words[0], command);
    const auto core = decode_core_area(page);
    if (!core) {
        std::puts("no core");
        return 3;
    }
    std::printf("%s ready %d operations %u span %u\n", core->name.c_str(), core->ready(),
                core->operations, core->span_bytes_max);
    return 0;
}

int order(char** words) {
    alignas(4096) static std::array<char, 512> text;
    std::strncpy(text.data(), words[1], text.size() - 1);
    nvme_admin_cmd command{};
    command.opcode = 0xc1;
    command.addr = reinterpret_cast<std::uintptr_t>(text.data());
    command.data_len = text.size();
    command.cdw10 = text.size() / 4;
    return administer(words[0], command);
}

}  // namespace

int main(int count, char** words) {
    const std::string_view verb = count > 1 ? words[1] : "";
    if (verb == "identify" && count == 4) return identify(words + 2);
    if (verb == "compress" && count == 6) return compress(words + 2, false);
    if (verb == "compress" && count == 7) return compress(words + 2, true);
    if (verb == "check" && count == 6) return check(words + 2);
    if (verb == "order" && count == 4) return order(words + 2);
    return 2;
}
