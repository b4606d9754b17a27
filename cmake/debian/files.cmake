# CPack runs this between the installation for a package and the packing of it: the licence where Debian's tools look
# for it, the bill of materials beside it, the manual compressed.
cmake_minimum_required(VERSION 3.21)

if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()

file(GLOB components "${CPACK_TEMPORARY_DIRECTORY}/*")
foreach(component IN LISTS components)
  cmake_path(GET component FILENAME name)
  string(TOUPPER "${name}" name)
  set(doc "${component}/usr/share/doc/${CPACK_DEBIAN_${name}_PACKAGE_NAME}")
  file(MAKE_DIRECTORY "${doc}")
  file(COPY_FILE "${CPACK_RESOURCE_FILE_LICENSE}" "${doc}/copyright")
  file(CHMOD "${doc}/copyright" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  if(EXISTS "${component}/usr/share/doc/qdq/qdq.cdx.json")
    file(RENAME "${component}/usr/share/doc/qdq/qdq.cdx.json" "${doc}/qdq.cdx.json")
  endif()
  file(REMOVE_RECURSE "${component}/usr/share/doc/qdq")

  file(GLOB pages "${component}/usr/share/man/man3/*.3")
  foreach(page IN LISTS pages)
    execute_process(COMMAND gzip -9 --no-name "${page}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endforeach()
