// How many connections each user of this machine has open. gRPC, to which they are handed over,
// does not tell when one ends: the descriptors themselves are asked, and only once somebody seems
// to have too many. One executor's.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace peerpress::server {

class connection_bound {
public:
    // 0: none.
    explicit connection_bound(std::uint64_t each_max) : each_max_(each_max) {}

    // May the peer of this socket have one more? It counts from now on. Root may always.
    bool admits(int fd);

private:
    struct connection {
        int fd = -1;
        ino_t inode = 0;  // a descriptor's number is used again, a socket's is not
    };
    std::uint64_t each_max_;
    std::map<uid_t, std::vector<connection>> open_;
};

}  // namespace peerpress::server
