# step NAME COMMAND...: says what runs and how long it took. Source it, in bash.

step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    # Not "if": errexit stays on, so the caller stops at the first step that fails.
    "$@"
    printf '==> %s: passed in %d s\n' "$name" $((SECONDS - start))
}
