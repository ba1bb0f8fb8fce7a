# The programs, and the tables found by place that they carry.
file(GLOB gyre_steps CONFIGURE_DEPENDS src/*/steps/*.cpp)
file(GLOB gyre_commands CONFIGURE_DEPENDS src/*/commands/*.cpp)
file(GLOB gyre_migrations CONFIGURE_DEPENDS src/*/migrations/*.sql)
set(gyre_steps_nets ${gyre_steps})
list(FILTER gyre_steps_nets INCLUDE REGEX "/src/nets/")
set(gyre_steps_own ${gyre_steps})
list(FILTER gyre_steps_own EXCLUDE REGEX "/src/nets/")

gyre_step_table(${GYRE_GENERATED}/steps.cpp ${gyre_steps})
gyre_declared_table(${GYRE_GENERATED}/commands.cpp Command base/command.hpp ${gyre_commands})
file(GLOB gyre_examples CONFIGURE_DEPENDS examples/*/*.yaml examples/*/*.json)
gyre_example_table(${GYRE_GENERATED}/examples.cpp ${gyre_examples})
gyre_migration_table(${GYRE_GENERATED}/migrations.cpp ${gyre_migrations})

# gyre: everything but neural-net training. It knows the declarations of gyre-nets' steps.
add_library(gyre_tables STATIC ${gyre_steps} ${GYRE_GENERATED}/steps.cpp ${GYRE_GENERATED}/commands.cpp
  ${GYRE_GENERATED}/examples.cpp)
add_library(gyre_migrations STATIC ${GYRE_GENERATED}/migrations.cpp)
target_link_libraries(gyre_migrations PUBLIC gyre_store)
target_link_libraries(gyre_tables PUBLIC gyre_cli gyre_migrations)
add_executable(gyre src/cli/main.cpp)
target_link_libraries(gyre PRIVATE gyre_tables gyre_cli)

# gyre-edge and the module runtime stay small: no tables, and no library that nothing in them calls.
if(EXISTS ${CMAKE_SOURCE_DIR}/src/edge/main_agent.cpp)
  target_compile_definitions(gyre_edge PRIVATE GYRE_VERSION="${PROJECT_VERSION}")
  add_executable(gyre-edge src/edge/main_agent.cpp)
  target_compile_definitions(gyre-edge PRIVATE GYRE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(gyre-edge PRIVATE gyre_edge)
  target_link_options(gyre-edge PRIVATE -Wl,--as-needed)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/src/edge/main_module.cpp)
  add_executable(gyre-module src/edge/main_module.cpp)
  target_link_libraries(gyre-module PRIVATE gyre_edge gyre_model)
  # libstdc++ first: else mold answers its symbols from the agent's objects, and the agent's libraries come along.
  # Without its symbol table: it lies in every image.
  target_link_options(gyre-module PRIVATE -Wl,--as-needed -lstdc++ -s)
endif()

if(GYRE_NETS)
  gyre_step_table(${GYRE_GENERATED}/nets_steps.cpp ${gyre_steps_nets})
  add_executable(gyre-nets src/nets/main.cpp ${gyre_steps_nets} ${GYRE_GENERATED}/nets_steps.cpp)
  target_compile_definitions(gyre-nets PRIVATE GYRE_PROGRAM_NETS)
  target_link_libraries(gyre-nets PRIVATE gyre_nets gyre_flow)
endif()

# Unit tests: one program for each side of the libtorch line.
get_property(modules GLOBAL PROPERTY GYRE_MODULE_LIST)
set(unit_tests "")
foreach(module ${modules})
  get_property(tests GLOBAL PROPERTY GYRE_TESTS_${module})
  if(module STREQUAL nets)
    set(nets_tests ${tests})
  else()
    list(APPEND unit_tests ${tests})
  endif()
endforeach()
add_executable(gyre-tests tests/unit_main.cpp ${unit_tests})
target_link_libraries(gyre-tests PRIVATE gyre_tables gyre_cli)
if(GYRE_NETS AND nets_tests)
  add_executable(gyre-nets-tests tests/unit_main.cpp ${nets_tests} ${gyre_steps_nets} ${GYRE_GENERATED}/nets_steps.cpp)
  target_compile_definitions(gyre-nets-tests PRIVATE GYRE_PROGRAM_NETS)
  target_link_libraries(gyre-nets-tests PRIVATE gyre_nets gyre_flow)
endif()

# Models of a few nodes for tests of what carries them.
add_executable(gyre-tiny-model tests/tiny_model.cpp)
target_link_libraries(gyre-tiny-model PRIVATE gyre_model)

# The client of the benchmarks, and a server that does nothing.
add_executable(gyre-load EXCLUDE_FROM_ALL bench/load.cpp)
add_executable(gyre-echo EXCLUDE_FROM_ALL bench/serving/echo.cpp)

# The search over pipelines, measured on a matrix of former results.
add_executable(gyre-bench-pmf EXCLUDE_FROM_ALL bench/pmf.cpp)
target_link_libraries(gyre-bench-pmf PRIVATE gyre_search)

# Our pipelines on many tables: the matrix that gyre auto proposes from (scripts/meta).
add_executable(gyre-meta EXCLUDE_FROM_ALL bench/meta.cpp)
target_link_libraries(gyre-meta PRIVATE gyre_tables)

# Fuzz entry points (src/<module>/*_fuzz.cpp), each a program with the driver of tests/: gyre-fuzz builds them all.
if(GYRE_SANITIZE)
  file(GLOB_RECURSE fuzz_entries CONFIGURE_DEPENDS src/*_fuzz.cpp)
  add_custom_target(gyre-fuzz)
  foreach(file ${fuzz_entries})
    string(REGEX MATCH "src/([a-z]+)/(.*/)?([a-z_]+)_fuzz\\.cpp$" _ ${file})
    set(fuzz fuzz-${CMAKE_MATCH_3})
    set(module gyre_${CMAKE_MATCH_1})
    add_executable(${fuzz} EXCLUDE_FROM_ALL ${file} tests/fuzz_main.cpp)
    target_include_directories(${fuzz} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${fuzz} PRIVATE ${module} gyre_migrations gyre_base)
    if(GYRE_JOIN)  # a file brings seven others along, and what they call
      target_link_libraries(${fuzz} PRIVATE gyre_tables gyre_cli)
    endif()
    add_dependencies(gyre-fuzz ${fuzz})
  endforeach()
endif()
