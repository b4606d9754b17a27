# Makes of a Rust static library one that hides what it is made of:
#
#   cmake -DINPUT=raw.a -DOUTPUT=lib.a -DSYMBOLS=name;... -DLINKER=ld -DOBJCOPY=objcopy -DAR=ar -P isolate.cmake
#
# A static library of cargo's holds Rust's standard library as well. Two such archives in one program define the same
# functions twice, or mix two versions of them. Here everything is linked to one object, what the SYMBOLS do not reach
# is dropped, and all other names become local. For ELF; needs the linker and the binutils of the C compiler.
cmake_minimum_required(VERSION 3.21)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

get_filename_component(folder "${OUTPUT}" DIRECTORY)
get_filename_component(name "${OUTPUT}" NAME_WLE)
set(linked "${folder}/${name}.linked.o")
set(isolated "${folder}/${name}.o")

# LLVM's linker keeps everything: what it drops from a relocatable object leaves one that other tools cannot read.
execute_process(COMMAND "${LINKER}" --version OUTPUT_VARIABLE linker_is COMMAND_ERROR_IS_FATAL ANY)
if(linker_is MATCHES "GNU ld")
  set(drop_unreached --gc-sections)
endif()
list(TRANSFORM SYMBOLS PREPEND --undefined= OUTPUT_VARIABLE roots)
run("${LINKER}" --relocatable ${drop_unreached} ${roots} "${INPUT}" -o "${linked}")

# Groups: of two that have one name, a linker keeps the first, local or not. The standard library's has a name.
# .llvmbc, .llvmcmd: the standard library once more, as bitcode.
list(TRANSFORM SYMBOLS PREPEND --keep-global-symbol= OUTPUT_VARIABLE exports)
run("${OBJCOPY}" ${exports} --strip-unneeded --remove-section=.group --remove-section=.llvmbc
  --remove-section=.llvmcmd "${linked}" "${isolated}")

file(REMOVE "${OUTPUT}")
# D: without times and owners, so that the same objects give the same archive.
run("${AR}" rcsD "${OUTPUT}" "${isolated}")
file(REMOVE "${linked}" "${isolated}")
