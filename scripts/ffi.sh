#!/usr/bin/env bash
# The library called from other languages, from a clean checkout: builds it and
# runs the programs of examples/ffi, each of which checks its results. What is
# missing is installed by apt, which needs root. Beside it: what demo.sh needs.
# QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

missing_packages() {
    command -v go >/dev/null || echo golang-go
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
    command -v luajit >/dev/null || echo luajit
    command -v javac >/dev/null || echo default-jdk-headless
    [ -e "$jna" ] || echo libjna-java
    command -v ruby >/dev/null || echo ruby
    ruby -e 'require "ffi"' 2>/dev/null || echo ruby-ffi
    command -v mono >/dev/null || echo mono-runtime
    command -v mcs >/dev/null || echo mono-mcs
}

install_languages() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} != 0 ] || return 0
    apt_install 'Go, Node.js with npm, LuaJIT, a JDK with JNA, Ruby with ffi, and Mono' --no-install-recommends "${missing[@]}"
}

# Each of these finds libqdq by LD_LIBRARY_PATH; what it builds or installs lands in $work.

run_go() {
    (cd "$examples/go" && CGO_CFLAGS="-I$PWD/../../../include" CGO_LDFLAGS="-L$LD_LIBRARY_PATH" go run .)
}

run_node() {
    mkdir -p "$work/node"
    cp "$examples/node/package.json" "$examples/node/quantize.js" "$work/node"
    (cd "$work/node" && npm install --silent --no-package-lock --no-audit --no-fund && node quantize.js)
}

run_csharp() {
    mcs -out:"$work/quantize.exe" "$examples/csharp/Quantize.cs"
    mono "$work/quantize.exe"
}

build=${QDQ_BUILD_DIR:-build}
examples=examples/ffi
work=$build/ffi
jna=/usr/share/java/jna.jar
step 'languages' install_languages
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build"
step 'build' cmake --build "$build" --target qdq_cargo
mkdir -p "$work"
LD_LIBRARY_PATH=$(cd "$build/lib" && pwd)
export LD_LIBRARY_PATH
step 'Go' run_go
step 'Node.js' run_node
step 'LuaJIT' luajit "$examples/luajit/quantize.lua"
step 'Java' java -cp "$jna" "$examples/java/Quantize.java"
step 'Ruby' ruby "$examples/ruby/quantize.rb"
step 'C#' run_csharp
