# The headers as doxygen is to read them: what follows the first paragraph of a comment is set in columns, which stand as
# they are written. The comment at the top of a file is the file's.
NR == 1 && /^\/\*/ { print "/** @file"; inside = 1; next }
/^ *\/\*\*$/ { inside = 1; print; next }
inside && !columns && /^ *\*$/ { print "\n@verbatim"; columns = 1; next }
inside && /\*\/ *$/ {
    if (columns) { print "@endverbatim" }
    inside = columns = 0
}
columns { sub(/^ *\* ?/, "") }
{ print }
