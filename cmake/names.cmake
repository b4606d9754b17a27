# What the library's files are called: those that cargo writes (cargo_*), and those that a program finds.
#
#   library   the shared library itself, soname what programs record of it
#   links     names that lead to it, each to the one before; the last is the linker's
#   import    the import library of a DLL
#   archive   the static library; archive_needs is what it wants beside it
#
# Nothing here was tried on macOS or Windows.

# Set, not left as the parent project has them.
set(soname "")
set(links "")
set(import "")
set(archive libqdq.a)
set(archive_needs "")
set(archive_defines "")

if(WIN32)
  set(library qdq.dll)
  set(cargo_library qdq.dll)
  if(MSVC)
    set(import qdq.dll.lib)
    set(archive qdq.lib)
  else()
    set(import libqdq.dll.a)
  endif()
  set(archive_needs kernel32 ntdll userenv ws2_32 dbghelp)
  set(archive_defines QDQ_STATIC)
elseif(APPLE)
  set(library "libqdq.${PROJECT_VERSION}.dylib")
  set(cargo_library libqdq.dylib)
  set(soname "@rpath/libqdq.${PROJECT_VERSION_MAJOR}.dylib")
  set(links "libqdq.${PROJECT_VERSION_MAJOR}.dylib" libqdq.dylib)
else()
  set(library "libqdq.so.${PROJECT_VERSION}")
  set(cargo_library libqdq.so)
  set(soname "libqdq.so.${PROJECT_VERSION_MAJOR}")
  set(links "libqdq.so.${PROJECT_VERSION_MAJOR}" libqdq.so)
  # Not gcc_s: compilers link their unwinder themselves, and in programs without shared libraries it is another one.
  set(archive_needs m pthread dl)
endif()
