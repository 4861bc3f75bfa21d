# Flags common to every target of the project, and the function that declares a library of ours.

add_library(peerpress_flags INTERFACE)
# -pthread everywhere, since gRPC's libraries ask for it: else what links them could not share the precompiled header.
target_compile_options(peerpress_flags INTERFACE -Wall -Wextra -Werror -pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports members of coroutine frames as uninitialised once it inlines awaiters (GCC bugs 105562, 107532).
    # Optimising, which the sanitized builds do too, it takes Asio's inlined allocator of coroutine frames for a
    # mismatched one.
    target_compile_options(peerpress_flags INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
    # Optimising, it also sees overlaps and overruns in std::string's own code (GCC bugs 105329, 105651).
    set(optimised "$<NOT:$<CONFIG:Debug>>")
    if(PEERPRESS_SANITIZE)
        set(optimised 1)
    endif()
    foreach(warning IN ITEMS array-bounds restrict stringop-overflow stringop-overread)
        target_compile_options(peerpress_flags INTERFACE $<${optimised}:-Wno-${warning}>)
    endforeach()
endif()
if(PEERPRESS_SANITIZE)
    # A report needs functions and lines; telling variables apart as well makes a build an eighth longer.
    add_compile_options(-fsanitize=${PEERPRESS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
    add_link_options(-fsanitize=${PEERPRESS_SANITIZE})
endif()
if(PEERPRESS_SANITIZE MATCHES "thread")
    # ThreadSanitizer knows no fences, and Asio's reference counts use one. Boost's own counts do without.
    add_compile_definitions(BOOST_ASIO_DISABLE_STD_ATOMIC BOOST_ASIO_DISABLE_FENCED_BLOCK BOOST_AC_USE_STD_ATOMIC)
endif()
if(PEERPRESS_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(PEERPRESS_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()

# One precompiled header for all targets, made by io. A source must still include what it uses: the structure tests
# compile headers without it.
option(PEERPRESS_PRECOMPILE "Precompile what nearly every source includes" ON)
function(peerpress_precompile target)
    if(NOT PEERPRESS_PRECOMPILE)
        return()
    endif()
    if(target STREQUAL "peerpress_io")
        target_precompile_headers(peerpress_io PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp)
    else()
        target_precompile_headers(${target} REUSE_FROM peerpress_io)
    endif()
endfunction()

# peerpress_library(NAME SOURCES ... [PUBLIC LIB ...] [PRIVATE LIB ...])
# One static library per folder: target peerpress_NAME, alias peerpress::NAME.
function(peerpress_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(peerpress_${name} STATIC ${ARG_SOURCES})
    add_library(peerpress::${name} ALIAS peerpress_${name})
    set_target_properties(peerpress_${name} PROPERTIES EXPORT_NAME ${name})
    target_include_directories(peerpress_${name} PUBLIC
        $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/peerpress>)
    target_link_libraries(peerpress_${name}
        PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} $<BUILD_INTERFACE:peerpress_flags>)
    peerpress_precompile(peerpress_${name})
endfunction()
