# qdq_functions(HEADER RESULT): the names of the functions that the header declares. A declaration starts in the first
# column, where comments have none of their own.
function(qdq_functions header result)
  file(STRINGS "${header}" declarations REGEX "^[A-Za-z][A-Za-z0-9_ *]*[ *]qdq_[a-z0-9_]+\\(")
  set(names "")
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCH "(qdq_[a-z0-9_]+)\\(" match "${declaration}")
    list(APPEND names "${CMAKE_MATCH_1}")
  endforeach()
  set(${result} "${names}" PARENT_SCOPE)
endfunction()
