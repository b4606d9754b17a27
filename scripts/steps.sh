# step NAME COMMAND...: says what runs and how long it took. Source it, in bash.

step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    # Not "if": errexit stays on, so the caller stops at the first step that fails.
    "$@"
    printf '==> %s: passed in %d s\n' "$name" $((SECONDS - start))
}

# beside LANE...: runs functions made of steps side by side, each line of what they print after its lane's name. All run to
# their end; it fails if one of them did.
beside() {
    local lane lanes=() failed=0
    for lane in "$@"; do
        { "$lane" 2>&1 | sed -u "s/^/$lane | /"; } &
        lanes+=($!)
    done
    for lane in "${lanes[@]}"; do
        wait "$lane" || failed=1
    done
    return "$failed"
}
