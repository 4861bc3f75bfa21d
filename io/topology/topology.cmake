# The sources of io/topology, which are part of peerpress_io.
target_sources(peerpress_io PRIVATE
    topology/backing.cpp
    topology/block_device.cpp
    topology/choose.cpp
    topology/config_space.cpp
    topology/doctor.cpp
    topology/doctor_p2p.cpp
    topology/doctor_software.cpp
    topology/draw.cpp
    topology/explain.cpp
    topology/file_systems.cpp
    topology/host_bridges.cpp
    topology/host_files.cpp
    topology/kernel.cpp
    topology/machine.cpp
    topology/mounts.cpp
    topology/nvme.cpp
    topology/obstacle.cpp
    topology/p2pmem.cpp
    topology/pci_address.cpp
    topology/pci_tree.cpp
    topology/probe.cpp
    topology/process.cpp
    topology/route.cpp
    topology/verdict.cpp)
target_link_libraries(peerpress_io PRIVATE ZLIB::ZLIB)
