# cpack: an archive of what is installed; where the machine is Debian's, the packages libqdq0 and libqdq-dev; and
# (--config CPackSourceConfig.cmake) the source.

string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" platform)
set(CPACK_PACKAGE_NAME libqdq)
set(CPACK_PACKAGE_VENDOR "the libqdq authors")
set(CPACK_PACKAGE_CONTACT "the libqdq authors")
set(CPACK_PACKAGE_FILE_NAME "libqdq-${PROJECT_VERSION}-${platform}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR TGZ)
set(CPACK_COMPONENTS_ALL runtime development)

# Debian. Its multiarch folders are those of the prefix /usr: configure with -DCMAKE_INSTALL_PREFIX=/usr.
find_program(QDQ_DPKG_SHLIBDEPS dpkg-shlibdeps)
find_program(QDQ_FILE file)
mark_as_advanced(QDQ_DPKG_SHLIBDEPS QDQ_FILE)
if(QDQ_DPKG_SHLIBDEPS AND QDQ_FILE)
  list(APPEND CPACK_GENERATOR DEB)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE libqdq)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# What is linked with this version may call what an older one has not.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(CMAKE_LIBRARY_ARCHITECTURE AND CMAKE_INSTALL_LIBDIR MATCHES "/${CMAKE_LIBRARY_ARCHITECTURE}$")
  set(CPACK_DEBIAN_PACKAGE_MULTIARCH same)
endif()

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libqdq${PROJECT_VERSION_MAJOR}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
# From 4.4 on CPack writes it; before, it calls ldconfig by scripts, and at first not for multiarch folders.
if(CMAKE_VERSION VERSION_LESS 4.4)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/cmake/debian/triggers")
endif()
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libqdq-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (= ${PROJECT_VERSION}), libc6-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "What programs are built with: headers, the static library, the manual.")

# After the files were installed for the packages: what Debian wants in its own place, and who may read it.
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/debian/files.cmake" "${PROJECT_SOURCE_DIR}/cmake/folders.cmake")

set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME "libqdq-${PROJECT_VERSION}")
set(CPACK_SOURCE_IGNORE_FILES "/\\\\.git(/|$)" "^${PROJECT_SOURCE_DIR}/(build|target)[^/]*/" /__pycache__/
    "/\\\\.[a-z]+_cache/" "/fuzz/(target|artifacts|coverage)/" "/onnxruntime/target/")

include(CPack)
