# Two precompiled headers that all targets share: the standard library's, and for tests doctest with it.
# They save a quarter of the compile time. GCC only: clang reads every source as it is (preset dev,
# script/lint-tidy), so that none comes to lean on them.
#
# powershare_precompiled(TARGET [tests]): lets TARGET use them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(kind standard tests)
    add_library(powershare_precompiled_${kind} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled/empty.cpp)
    target_link_libraries(powershare_precompiled_${kind} PRIVATE powershare_options)
    target_include_directories(powershare_precompiled_${kind} PRIVATE ${PROJECT_SOURCE_DIR})
    # Not by its full path: the compiler cache is to know it again in another folder.
    target_precompile_headers(powershare_precompiled_${kind} PRIVATE <cmake/precompiled/standard.hpp>)
  endforeach()
  target_precompile_headers(powershare_precompiled_tests PRIVATE <doctest/doctest.h>)
endif()

function(powershare_precompiled target)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  if("tests" IN_LIST ARGN)
    target_precompile_headers(${target} REUSE_FROM powershare_precompiled_tests)
  else()
    target_precompile_headers(${target} REUSE_FROM powershare_precompiled_standard)
  endif()
endfunction()
