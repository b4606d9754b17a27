# apt_install WHAT OPTION_OR_PACKAGE...: installs packages on Debian and Ubuntu; where that cannot be, says what is needed.
# Source it, in bash.

apt_install() {
    local what=$1
    shift
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        printf 'this needs %s. On Debian and Ubuntu, as root:\n' "$what" >&2
        printf '    apt-get install -y %s\n' "$*" >&2
        return 1
    fi
    alone apt-get update -qq
    DEBIAN_FRONTEND=noninteractive alone apt-get install -y -qq "$@" >/dev/null
}

# alone COMMAND...: what changes the system's packages, one at a time: dpkg does not wait for another.
alone() (
    flock 9
    "$@" 9>&-
) 9>"${TMPDIR:-/tmp}/libqdq-packages.lock"
