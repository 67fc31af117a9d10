# powershare_room(NAME DEPENDS other rooms... LIBRARIES third-party targets...)
# One static library per room, from every .cpp below the room's folder. DEPENDS is the room's row of
# the table in ARCHITECTURE.md; LIBRARIES are private: no room passes a third-party library on.
# OWN_PRECOMPILED: the room brings a precompiled header of its own.
function(powershare_room name)
  cmake_parse_arguments(room "OWN_PRECOMPILED" "" "DEPENDS;LIBRARIES;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(pattern IN LISTS room_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  if(NOT sources)
    add_library(powershare_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(powershare_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(powershare_${name} PRIVATE powershare_options ${room_LIBRARIES})
    if(NOT room_OWN_PRECOMPILED)
      powershare_precompiled(powershare_${name})
    endif()
  endif()
  target_include_directories(powershare_${name} ${scope} ${PROJECT_SOURCE_DIR})
  foreach(other IN LISTS room_DEPENDS)
    target_link_libraries(powershare_${name} ${scope} powershare_${other})
  endforeach()
endfunction()

# powershare_tests(ROOM rooms-and-libraries...): one doctest binary from tests/unit/ROOM/*.cpp,
# one ctest entry named unit.ROOM. Not part of `all`, as compiling them takes as long as all the rest: the target
# unit_tests makes every one.
add_custom_target(unit_tests)
function(powershare_tests room)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${room}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_unit_${room} EXCLUDE_FROM_ALL ${sources} ${PROJECT_SOURCE_DIR}/tests/unit/main.cpp)
  target_link_libraries(test_unit_${room} PRIVATE powershare_options ${ARGN})
  target_include_directories(test_unit_${room} PRIVATE ${PROJECT_SOURCE_DIR})
  powershare_precompiled(test_unit_${room} tests)
  add_dependencies(unit_tests test_unit_${room})
  # It makes doctest's own code, which the precompiled header has left out.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/unit/main.cpp PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON)
  add_test(NAME unit.${room} COMMAND test_unit_${room})
  set_tests_properties(unit.${room} PROPERTIES LABELS unit TIMEOUT 300
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()
