# cmake --install: two components, what programs run with and what they are built with. Everything installed finds its
# neighbours from where it lies itself, so a prefix may be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What programs run with.

set(library_dir "${CMAKE_INSTALL_LIBDIR}")
if(WIN32)
  set(library_dir "${CMAKE_INSTALL_BINDIR}")
endif()
set(runtime_links ${links})
list(POP_BACK runtime_links linker_name)
list(TRANSFORM runtime_links PREPEND "${lib_dir}/")

install(FILES "${lib_dir}/stripped/${library}" ${runtime_links} DESTINATION "${library_dir}" COMPONENT runtime)
install(FILES LICENSE docs/qdq.cdx.json DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/qdq" COMPONENT runtime)

# What programs are built with.

set(link_files ${linker_name} ${import} "${archive}")
list(TRANSFORM link_files PREPEND "${lib_dir}/")
file(GLOB headers CONFIGURE_DEPENDS include/*.h include/*.hpp)

install(FILES ${link_files} DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)

# pkg-config. It knows the folder of its file, and all others from there.
file(RELATIVE_PATH pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH pc_libdir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH pc_includedir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
list(TRANSFORM archive_needs PREPEND -l OUTPUT_VARIABLE pc_private)
list(JOIN pc_private " " pc_private)
configure_file(cmake/qdq.pc.in qdq.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/qdq.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

# find_package. docs/stability.md has what a major version promises.
set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/qdq")
configure_package_config_file(cmake/qdqConfig.cmake.in qdqConfig.cmake
  INSTALL_DESTINATION "${config_dir}"
  PATH_VARS library_dir CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(qdqConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/qdqConfig.cmake" "${PROJECT_BINARY_DIR}/qdqConfigVersion.cmake"
  DESTINATION "${config_dir}" COMPONENT development)

# The manual, under the name of each function as well.
if(UNIX)
  include(cmake/functions.cmake)
  qdq_functions(include/qdq.h functions)
  foreach(function IN LISTS functions)
    file(CONFIGURE OUTPUT "man/${function}.3" CONTENT ".so man3/qdq.3\n")
    list(APPEND man_pages "${PROJECT_BINARY_DIR}/man/${function}.3")
  endforeach()
  install(FILES docs/qdq.3 ${man_pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man3" COMPONENT development)
endif()
