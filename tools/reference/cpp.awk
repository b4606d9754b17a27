# qdq.hpp for doxygen: the comment right above a declaration, or behind it, is its documentation. What stands alone is a
# heading.

/^ *\/\/( |$)/ { comment[++lines] = $0; next }

{
    for (line = 1; line <= lines; line++) {
        if (/[^ ]/) sub(/\/\//, "///", comment[line])
        print comment[line]
    }
    lines = 0
    if (/[;,] +\/\/ /) sub(/\/\/ /, "///< ")
    print
}
