# powershare_web_assets(TARGET): puts the web application's files (web/dist, made by script/web) into TARGET.
# Where they are missing the program has the plain pages of gateway/pages.cpp instead.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(powershare_web_assets target)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/web_assets.cpp)
  # At every build: it looks whether the application was built anew, and leaves an unchanged source alone.
  add_custom_target(powershare_web_source
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/web/embed.py ${PROJECT_SOURCE_DIR}/web/dist ${source}
    BYPRODUCTS ${source}
    COMMENT "" VERBATIM)
  target_sources(${target} PRIVATE ${source})
  set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  add_dependencies(${target} powershare_web_source)
endfunction()
