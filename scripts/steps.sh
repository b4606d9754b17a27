# step NAME COMMAND...: says what runs and how long it took. Source it, in bash.

step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    # Not "if": errexit stays on, so the caller stops at the first step that fails.
    "$@"
    printf '==> %s: passed in %d s\n' "$name" $((SECONDS - start))
}

# beside LANE...: runs functions made of steps side by side, each line of what they print after its lane's name. Each runs to
# its end, or to its first step that fails; it fails if one of them did.
beside() {
    local lane lanes=() failed=0
    for lane in "$@"; do
        { "$lane" 2>&1 | sed -u "s/^/$lane | /"; } &
        lanes+=($!)
    done
    for lane in "$@"; do
        wait "${lanes[0]}" || { printf '\n%s: failed\n' "$lane" >&2; failed=1; }
        lanes=("${lanes[@]:1}")
    done
    return "$failed"
}
