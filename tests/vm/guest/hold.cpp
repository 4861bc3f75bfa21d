// hold ALLOCATE MEBIBYTES: a stranger that has some of a controller's p2pmem, in one mapping, until
// it is killed.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int count, char** words) {
    if (count != 3) return 2;
    const int allocate = open(words[1], O_RDWR);
    const std::size_t bytes = std::strtoul(words[2], nullptr, 10) << 20;
    if (allocate < 0 ||
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, allocate, 0) == MAP_FAILED) {
        std::perror("hold");
        return 1;
    }
    std::puts("held");
    std::fflush(stdout);
    pause();
}
