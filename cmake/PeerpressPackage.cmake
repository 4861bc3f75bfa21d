# Installation, the CMake package and the .deb packages. Two components: `runtime` is what a machine needs that
# compresses, `dev` what another program needs that links the libraries.
include(CMakePackageConfigHelpers)

set(PEERPRESS_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/peerpress)

# --- runtime: the programs with what belongs to them
foreach(program IN ITEMS peerpress peerpressd peerpress-opend peerpress-model)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
    endif()
endforeach()
if(TARGET peerpress_pages)
    # Manual pages and completions; the client's build lays them out as they are installed.
    install(DIRECTORY ${CMAKE_BINARY_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime)
endif()
install(FILES packaging/systemd/peerpressd.service packaging/systemd/peerpressd.socket
    packaging/systemd/peerpress-opend.service packaging/systemd/peerpress-opend.socket
    DESTINATION lib/systemd/system COMPONENT runtime)
install(FILES packaging/systemd/user/peerpressd.service packaging/systemd/user/peerpressd.socket
    DESTINATION lib/systemd/user COMPONENT runtime)
install(FILES packaging/man/peerpressd.8 packaging/man/peerpress-opend.8
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT runtime)
install(FILES packaging/man/peerpress-model.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
install(FILES packaging/peerpressd.toml
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peerpress/examples COMPONENT runtime)

# --- dev: static libraries, their headers, the CMake package, the API's definition
install(TARGETS peerpress_io peerpress_accel peerpress_pipeline peerpress_jobs EXPORT peerpress
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY io accel pipeline jobs
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peerpress COMPONENT dev
    FILES_MATCHING PATTERN "*.hpp" PATTERN "accel/model" EXCLUDE)
install(EXPORT peerpress NAMESPACE peerpress:: FILE peerpressTargets.cmake
    DESTINATION ${PEERPRESS_CMAKE_DIR} COMPONENT dev)
configure_package_config_file(cmake/peerpressConfig.cmake.in ${CMAKE_BINARY_DIR}/peerpressConfig.cmake
    INSTALL_DESTINATION ${PEERPRESS_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/peerpressConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/peerpressConfig.cmake ${CMAKE_BINARY_DIR}/peerpressConfigVersion.cmake
    DESTINATION ${PEERPRESS_CMAKE_DIR} COMPONENT dev)
install(DIRECTORY proto/peerpress proto/google
    DESTINATION ${CMAKE_INSTALL_DATADIR}/peerpress/proto COMPONENT dev
    FILES_MATCHING PATTERN "*.proto")

# --- the .deb packages: peerpress and libpeerpress-dev
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME peerpress)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# Each component's description below begins with its own summary.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_CONTACT "Peerpress maintainers <maintainers@peerpress.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
# A umask of the builder's must not leak into the packages.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/PeerpressDebianise.cmake)
set(CPACK_PEERPRESS_DEB_FILES ${CMAKE_SOURCE_DIR}/packaging/deb)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME peerpress)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/deb/runtime/postinst ${CMAKE_SOURCE_DIR}/packaging/deb/runtime/prerm
    ${CMAKE_SOURCE_DIR}/packaging/deb/runtime/postrm)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "compress and decompress files where they lie
A gRPC server (peerpressd) and a command line (peerpress) that compress and
decompress files and trees to gzip, BGZF and zlib with io_uring and all cores,
and leave nothing in the page cache. Every gunzip reads the output; the server
keeps its jobs across restarts.

The command line works without the server, too. peerpress-model is an NVMe
accelerator for virtual machines, to try and develop against.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libpeerpress-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libboost1.81-dev, liburing-dev, libisal-dev, libdeflate-dev, zlib1g-dev, pkgconf | pkg-config")
set(CPACK_DEBIAN_DEV_DESCRIPTION "compress and decompress files where they lie - library
The static libraries of Peerpress (io, accel, pipeline and jobs), their C++20
headers, a CMake package that names them peerpress::io and so on, and the
definition of the server's gRPC interface.")
include(CPack)
