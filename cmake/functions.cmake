# qdq_functions(HEADER RESULT): the names of the functions that the header declares. A declaration starts in the first
# column, where comments have none of their own.
function(qdq_functions header result)
  set(name "qdq_[a-z0-9_]+")
  file(STRINGS "${header}" declarations REGEX "^[A-Za-z][A-Za-z0-9_ *]*[ *]${name}\\(")
  list(TRANSFORM declarations REPLACE "^[^(]*[ *](${name})\\(.*" "\\1")
  set(${result} "${declarations}" PARENT_SCOPE)
endfunction()
