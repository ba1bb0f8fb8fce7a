# The programs, and the tables found by place that they carry.
file(GLOB gyre_steps CONFIGURE_DEPENDS src/*/steps/*.cpp)
file(GLOB gyre_commands CONFIGURE_DEPENDS src/*/commands/*.cpp)
file(GLOB gyre_migrations CONFIGURE_DEPENDS src/*/migrations/*.sql)
set(gyre_steps_nets ${gyre_steps})
list(FILTER gyre_steps_nets INCLUDE REGEX "/src/nets/")
set(gyre_steps_own ${gyre_steps})
list(FILTER gyre_steps_own EXCLUDE REGEX "/src/nets/")

gyre_step_table(${GYRE_GENERATED}/steps.cpp ${gyre_steps})
gyre_command_table(${GYRE_GENERATED}/commands.cpp ${gyre_commands})
gyre_migration_table(${GYRE_GENERATED}/migrations.cpp ${gyre_migrations})

# gyre: everything but neural-net training. It knows the declarations of gyre-nets' steps.
add_library(gyre_tables STATIC ${gyre_steps} ${GYRE_GENERATED}/steps.cpp ${GYRE_GENERATED}/commands.cpp
  ${GYRE_GENERATED}/migrations.cpp)
target_link_libraries(gyre_tables PUBLIC gyre_cli)
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
  target_link_options(gyre-module PRIVATE -Wl,--as-needed)
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
