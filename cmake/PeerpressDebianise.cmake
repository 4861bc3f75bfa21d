# CPack runs this over the staged tree, before it packs it: what Debian's policy asks for beyond installed files.

# CPack strips programs, not archives: those would carry the builder's paths in their debugging sections.
file(GLOB_RECURSE archives "${CPACK_TEMPORARY_DIRECTORY}/*.a")
foreach(archive IN LISTS archives)
    execute_process(COMMAND strip --strip-debug --remove-section=.comment --remove-section=.note
        --enable-deterministic-archives "${archive}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()

foreach(component IN ITEMS runtime dev)
    string(TOUPPER ${component} upper)
    set(name ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
    set(doc "${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share/doc/${name}")
    file(MAKE_DIRECTORY "${doc}")
    file(COPY "${CPACK_PEERPRESS_DEB_FILES}/copyright" DESTINATION "${doc}")
    configure_file("${CPACK_PEERPRESS_DEB_FILES}/changelog" "${doc}/changelog" COPYONLY)
    file(CHMOD "${doc}/copyright" "${doc}/changelog" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    execute_process(COMMAND gzip -9 -n "${doc}/changelog" COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# Manual pages are compressed, too, without a name or a time inside.
file(GLOB_RECURSE pages "${CPACK_TEMPORARY_DIRECTORY}/runtime/usr/share/man/*.[1-8]")
foreach(page IN LISTS pages)
    execute_process(COMMAND gzip -9 -n "${page}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
